import Graph
import LinearAlgebra
import Runtime

/// Prepares blocks when they are asked for, and keeps them where all of a run's blocks fit into a bound.
struct BlockStore {
  private let models: [Model]
  private let keeps: Bool
  private var kept: [[PreparedBlock?]]

  /// Keeps blocks when those of all `models` take at most `limit` bytes of f32.
  init(_ models: [Model], limit: Int) {
    self.models = models
    kept = models.map { Array(repeating: nil, count: $0.configuration.blockCount) }
    let total = models.reduce(0) { sum, model in
      (0..<model.configuration.blockCount).reduce(sum) {
        $0 + PreparedBlock.byteCount(model: model, block: $1)
      }
    }
    keeps = total <= limit
  }

  mutating func block(_ index: Int, model: Int, workers: Workers) throws(RuntimeError) -> PreparedBlock {
    if let found = kept[model][index] { return found }
    let prepared = try PreparedBlock(model: models[model], block: index, workers: workers)
    if keeps { kept[model][index] = prepared }
    return prepared
  }

  /// Says that a block has been used; its mapped weights are given back unless it is kept.
  func release(_ index: Int, model: Int) {
    if !keeps { models[model].evict(block: index) }
  }
}
