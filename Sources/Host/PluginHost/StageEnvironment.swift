import Graph
import LinearAlgebra
import Tensors
import Training

/// What the host lends to a strategy for the length of a stage.
public struct StageEnvironment: Sendable {
  public var seed: UInt64
  /// Position of the stage in the recipe.
  public var stage: Int
  public var workers: Workers
  /// Indices of the nodes the recipe lets this stage replace.
  public var selected: Set<Int>
  /// Parameters of nodes for which the recipe overrides some, by node index.
  public var nodeParameters: [Int: ParameterValues] = [:]
  /// Bytes the selected nodes may take in the finished checkpoint; nil without a budget.
  public var budget: Int?
  /// Bytes a form of a node takes in the finished checkpoint.
  public var price: @Sendable (Node, LinearForm) throws -> Int
  /// Where tensors that a strategy keeps are stored.
  public var scratch: ScratchFile?
  /// Where they are stored instead when they must outlive the process.
  public var keptFolder: KeptFolder?
  public var isCancelled: @Sendable () -> Bool
  public var log: @Sendable (LogLevel, String) -> Void
  public var progress: @Sendable (_ fraction: Double, _ activity: String) -> Void
  public var report: StageReport
  /// Losses and gradients; nil without calibration text.
  public var training: TrainingSource?
  /// Told of every call of a host function; nil in the host's own process.
  var heartbeat: Heartbeat?
  /// In a worker, the trials of the call, which are made in the parent.
  var remoteTrials: (any TrialService)?

  public init(
    seed: UInt64, stage: Int, workers: Workers, selected: Set<Int>, budget: Int? = nil,
    price: @escaping @Sendable (Node, LinearForm) throws -> Int = { $1.byteCount },
    scratch: ScratchFile? = nil, isCancelled: @escaping @Sendable () -> Bool = { false },
    log: @escaping @Sendable (LogLevel, String) -> Void = { _, _ in },
    progress: @escaping @Sendable (Double, String) -> Void = { _, _ in }, report: StageReport = StageReport(),
    training: TrainingSource? = nil
  ) {
    self.seed = seed
    self.stage = stage
    self.workers = workers
    self.selected = selected
    self.budget = budget
    self.price = price
    self.scratch = scratch
    self.isCancelled = isCancelled
    self.log = log
    self.progress = progress
    self.report = report
    self.training = training
  }

  /// The same with the strategy's id before what it says: a person sees lines of several stages.
  func speaking(as id: String) -> StageEnvironment {
    var environment = self
    environment.log = { [log] level, text in log(level, "[\(id)] \(text)") }
    environment.progress = { [progress] fraction, activity in
      progress(fraction, activity.isEmpty ? "" : "[\(id)] \(activity)")
    }
    return environment
  }
}

/// Raw values are those of `lathe.h`.
public enum LogLevel: Int32, Sendable, Comparable, Codable {
  case debug = 0
  case info = 1
  case warning = 2
  case error = 3

  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
