import Calibration
import Graph
import LinearAlgebra
import Runtime
import Synchronization
import Tensors

/// Trials of one call of a strategy: gone with it.
///
/// Calls must not overlap; a lock makes a plugin that breaks this rule wait instead of crash.
public final class TrainingSession: @unchecked Sendable {
  private let source: TrainingSource
  private let trials: TrialModel
  private let store: TraceStore
  private let lock = Mutex(())

  /// The shape of a target, so that whoever gives memory for its gradient can be checked.
  public func shape(of target: FactorTarget) throws(TrainingError) -> [Int] {
    try locked { () throws(TrainingError) in try trials.shape(of: target) }
  }

  /// Trials on top of `current`, the model as it is in this call. Blocks whose traces exceed `traceLimit` bytes
  /// together are computed again on the way back, which changes no byte of the result.
  public init(_ source: TrainingSource, current: Model, traceLimit: Int = TraceStore.memoryLimit) {
    self.source = source
    store = TraceStore(limit: traceLimit)
    trials = TrialModel(current, workers: source.settings.workers)
  }

  public func setTrial(_ node: Node, _ linear: Linear) throws(TrainingError) {
    try locked { () throws(TrainingError) in try trials.setTrial(node, linear) }
  }

  public func setValues(_ changes: [(target: FactorTarget, values: [Float])]) throws(TrainingError) {
    try locked { () throws(TrainingError) in try trials.setValues(changes) }
  }

  /// Mean loss over `batches` and, in the order of `targets`, the gradients of their values.
  ///
  /// Every window has the same number of predicted tokens. Sums go over windows in the order of `batches`, so the
  /// number of threads changes no byte.
  public func loss(
    _ request: LossRequest, gradients targets: [FactorTarget]
  ) throws(TrainingError) -> (value: TokenLoss.Value, gradients: [Matrix<Float>]) {
    try locked { () throws(TrainingError) in
      let count = source.batchCount(request.set)
      guard !request.batches.isEmpty else { throw .noBatches }
      if let bad = request.batches.first(where: { !(0..<count).contains($0) }) {
        throw .noSuchBatch(bad, set: request.set, count: count)
      }
      for target in targets { _ = try trials.shape(of: target) }
      return try TrainingPass(source, trials, store: store).run(request, targets)
    }
  }

  private func locked<Result: Sendable>(
    _ body: () throws(TrainingError) -> Result
  ) throws(TrainingError) -> Result {
    try lock.withLock { (_) throws(TrainingError) in try body() }
  }
}

/// A loss that is asked for.
public struct LossRequest: Sendable {
  public var set: BatchSet
  /// Windows of the set, each once for every time it is listed.
  public var batches: [Int]
  public var nextTokenWeight: Double
  public var divergenceWeight: Double
  /// Draws targets from the model's distribution with this seed; nil takes them from the text.
  public var samplingSeed: UInt64?

  public init(
    set: BatchSet = .calibration, batches: [Int], nextTokenWeight: Double, divergenceWeight: Double = 0,
    samplingSeed: UInt64? = nil
  ) {
    self.set = set
    self.batches = batches
    self.nextTokenWeight = nextTokenWeight
    self.divergenceWeight = divergenceWeight
    self.samplingSeed = samplingSeed
  }

  /// The loss of one window: draws follow from seed, set, window and position.
  func loss(ofWindow window: Int) -> TokenLoss {
    let sampling = samplingSeed.map { seed in
      let key = CounterRandom(seed: seed, stream: Self.stream &+ UInt64(set.rawValue))
      return CounterRandom(seed: key.bits(at: UInt64(window)))
    }
    return TokenLoss(
      nextTokenWeight: nextTokenWeight, divergenceWeight: divergenceWeight, sampling: sampling)
  }

  /// Keeps the draws apart from every other use of the seed.
  private static let stream: UInt64 = 0x7461_7267_6574_7300
}
