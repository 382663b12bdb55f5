import Calibration
import Graph
import Runtime
import Tensors
import Training

/// What the parent tells its worker. Every type that crosses is encoded as it is used, so that what the ABI gains
/// crosses too once its Swift type does.
enum ParentMessage: Codable, Sendable {
  /// The first message: what to load.
  case load(Load)
  case create(index: Int, stage: StageFacts, model: ModelChange)
  case call(CallContext.Phase, StageFacts, ModelChange, declaredStatistics: Set<Int32>)
  /// Answers to `WorkerMessage.statistic` and `.price`.
  case statistic(Statistic?)
  case price(Int)
  case trial(TrialAnswer)
  /// The question could not be answered.
  case refusal(CallResult.Words)
  /// Destroy the instance and end.
  case end

  struct Load: Codable, Sendable {
    var path: String
    /// The hash that was found when the library was chosen.
    var hash: String?
    var threads: Int
    var memoryLimit: Int?
    /// The folder for what the strategy keeps; nil where it may keep nothing.
    var scratch: String?
  }
}

/// What the worker tells its parent.
enum WorkerMessage: Codable, Sendable {
  case loaded(LibraryFacts)
  /// The library cannot be used.
  case unusable(String)
  case created(CallResult, phases: InstancePhases?)
  case finished(CallResult)
  case statistic(StatisticKind, node: Int, upstream: Upstream)
  case price(node: Int, LinearForm)
  case trial(TrialQuestion)
  case log(LogLevel, String)
  case progress(Double, String)
  case report(key: String, node: Int?, StageReport.Entry)
  /// The instance is destroyed.
  case ended
}

/// The part of a `StageEnvironment` that is no function.
struct StageFacts: Codable, Sendable {
  var seed: UInt64
  var stage: Int
  var selected: Set<Int>
  var budget: Int?
  /// Whether there is text to learn from.
  var learns: Bool
  /// The folder for what outlives the process.
  var keptPath: String?
  var parameters: ParameterValues?
  /// Those of nodes that have their own.
  var nodeParameters: [Int: ParameterValues]

  init(_ environment: StageEnvironment, _ parameters: ParameterValues?) {
    self.parameters = parameters
    nodeParameters = environment.nodeParameters
    seed = environment.seed
    stage = environment.stage
    selected = environment.selected
    budget = environment.budget
    learns = environment.training != nil
    keptPath = environment.keptFolder?.path
  }
}

/// What a call left in its `CallContext`.
struct CallResult: Codable, Sendable {
  struct Words: Codable, Sendable {
    var status: Int32
    var message: String
  }

  var status: Int32
  var failure: Words?
  var refusal: Words?
  var storageFailure: TensorError?
  var replacements: [Int: ForeignLinear.Given]
  var vectors: [String: Tensor]
  var scalings: [Int: LinearScaling]
  var unanswered: Set<Int>
  var requests: [StatisticRequest]

  init(_ status: Int32, _ state: CallContext.State) {
    self.status = status
    failure = state.failure.map { Words(status: $0.status.rawValue, message: $0.message) }
    refusal = state.refusal.map { Words(status: $0.status.rawValue, message: $0.message) }
    storageFailure = state.storageFailure
    replacements = state.replacements
    vectors = state.vectors
    scalings = state.scalings
    unanswered = state.unanswered
    requests = state.requests
  }

  /// The same state in the parent.
  var state: CallContext.State {
    func words(_ words: Words?) -> (StrategyStatus, String)? {
      words.map { (StrategyStatus(rawValue: $0.status) ?? .internal, $0.message) }
    }
    return CallContext.State(
      failure: words(failure), refusal: words(refusal), storageFailure: storageFailure,
      replacements: replacements, vectors: vectors, scalings: scalings, unanswered: unanswered,
      requests: requests)
  }
}

/// Which of its optional functions an instance has.
struct InstancePhases: Codable, Sendable {
  var analyzes = false
  var forecasts = false
}

/// A call of lathe.training/1.
enum TrialQuestion: Codable, Sendable {
  case batchCount(BatchSet)
  case shape(FactorTarget)
  case setTrial(node: Int, Linear)
  case setValues([FactorTarget], [Tensor])
  case loss(LossRequest, [FactorTarget])
}

/// What came of it.
enum TrialAnswer: Codable, Sendable {
  case done
  case count(Int)
  case shape([Int])
  case loss(TokenLoss.Value, [Tensor])
}
