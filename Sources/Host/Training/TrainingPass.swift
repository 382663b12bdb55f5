import Calibration
import Graph
import LinearAlgebra
import Runtime
import Tensors

/// One step: windows forwards through all blocks, the loss, and backwards to the lowest block that is asked for.
///
/// Blocks are taken in turn, and the windows of a chunk go through a block at the same time, one piece each. The
/// chunks depend on shapes alone.
struct TrainingPass {
  let source: TrainingSource
  let trials: TrialModel
  let store: TraceStore

  /// Bytes of states and of gradients of the windows that are worked on together.
  static let chunkBytes = 512 << 20

  init(_ source: TrainingSource, _ trials: TrialModel, store: TraceStore) throws(TrainingError) {
    self.source = source
    self.trials = trials
    self.store = store
  }

  var configuration: DecoderConfiguration { trials.model.configuration }
  var rows: Int { source.text.context }
  var workers: Workers { source.settings.workers }

  func run(
    _ request: LossRequest, _ targets: [FactorTarget]
  ) throws(TrainingError) -> (value: TokenLoss.Value, gradients: [Matrix<Float>]) {
    let plan = GradientPlan(targets, model: trials.model)
    let reference: StateStore? =
      if request.divergenceWeight != 0 { try source.reference(request.set) } else { nil }
    var sums = GradientSums(targets)
    var total = TokenLoss.Value()
    let perWindow = statesPerWindow(plan) * rows * configuration.hiddenSize * 4 + plan.byteCount(trials)
    let size = max(2, Self.chunkBytes / max(perWindow, 1))
    for start in stride(from: 0, to: request.batches.count, by: size) {
      let windows = Array(request.batches[start..<min(start + size, request.batches.count)])
      let chunk = try ChunkPass(self, plan, windows, request, reference)
      for value in try chunk.run(into: &sums) {
        total.nextToken += value.nextToken
        total.divergence += value.divergence
      }
    }
    let share = 1 / Double(request.batches.count)
    let value = TokenLoss.Value(nextToken: total.nextToken * share, divergence: total.divergence * share)
    return (value, sums.scaled(by: Float(share)))
  }

  /// Block inputs from the lowest block on, the last block's output, and a gradient.
  func statesPerWindow(_ plan: GradientPlan) -> Int {
    plan.isEmpty ? 1 : configuration.blockCount - plan.lowestBlock + 2
  }

  /// States after the final norm of all windows of `set`.
  func finalStates(_ set: BatchSet) throws(TrainingError) -> StateStore {
    let windows = source.text.windows(set)
    let states = try StateStore(
      count: windows.count, rows: rows, columns: configuration.hiddenSize, scratch: source.settings.scratch)
    let embed = embed
    try forEach(windows.count) { (index, _) throws(RuntimeError) in
      try embed(windows[index], states.window(index))
    }
    let rotary = source.rotary
    for index in 0..<configuration.blockCount {
      let block = try trials.block(index)
      try forEach(windows.count) { (window, lane) throws(RuntimeError) in
        try block.forward(
          states.window(window), rotary: rotary, keeping: lane.trace, for: [:], lane.workspace)
      }
      states.evict()
      trials.release(index)
    }
    let norm = try source.referenceHead().norm
    for index in windows.indices { norm.forward(states.window(index)) }
    return states
  }

  var embed: @Sendable ([Int32], MutableMatrixView<Float>) throws(RuntimeError) -> Void {
    let embedding = source.embedding
    return { (tokens, target) throws(RuntimeError) in
      let matrix = try embedding.forward(tokens)
      matrix.withView { target.copy(from: $0) }
    }
  }

  /// Calls `body` for every index with a lane of its own; polls for cancellation before each.
  func forEach(
    _ count: Int, _ body: @Sendable (Int, Lane) throws(RuntimeError) -> Void
  ) throws(TrainingError) {
    let isCancelled = source.settings.isCancelled
    let lanes = source.lanes
    try workers.forEach(count: count) { (index) throws(TrainingError) in
      if isCancelled() { throw TrainingError.cancelled }
      do throws(RuntimeError) {
        try lanes.with { (lane) throws(RuntimeError) in try body(index, lane) }
      } catch {
        throw TrainingError.runtime(error)
      }
    }
  }
}
