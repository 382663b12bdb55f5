import LowRank
import PluginKit

/// What `analyze` keeps of one block.
public struct BlockComponents: Sendable {
  /// Ids of the nodes that were decomposed.
  let nodes: Set<UInt32>
}

extension SoCo {
  /// The key under which all output directions of a linear lie in the workspace, `[m, min(m, n)]` float32.
  static let basisKey = "u"

  /// Decomposes every linear whose scales are trained: `W = U U^T W`, a sum of components `u_i (u_i^T W)`.
  ///
  /// Whitened, U are the left singular vectors of `W X`, so the components' outputs on the calibration text are
  /// orthogonal and those of the k largest are the best of rank k. Plain, `X = I`.
  public func analyze(_ block: borrowing BlockView) throws(StrategyError) -> BlockComponents {
    let budget = try StageBudget(block, of: Self.descriptor.id)
    guard !budget.isMet else { return BlockComponents(nodes: []) }
    var trained: [Node] = []
    for node in try block.selected() {
      let shape = try block.shape(of: node)
      let item = try StageBudget.item(of: node, current: block.cost(of: shape, as: node), step: step, block)
      if hasSpectrum(node, item, shape) { trained.append(node) }
    }
    for group in trained.byInputGroup() { try decompose(group, block) }
    return BlockComponents(nodes: Set(trained.map(\.id)))
  }

  /// Linears that read one input, in parallel.
  private func decompose(_ group: [Node], _ block: borrowing BlockView) throws(StrategyError) {
    let input = try input(of: group, block)
    try block.forEach(group.count) { (index) throws(StrategyError) in
      let node = group[index]
      do throws(StrategyError) {
        let count = min(node.inFeatures, node.outFeatures)
        let basis = try input.basis(of: block.denseWeight(of: node), rank: count, block)
        try block.keep(block.converted(basis.vectors, to: Float.self), for: node, key: Self.basisKey)
      } catch {
        throw error.naming(node)
      }
    }
  }

  private func input(of group: [Node], _ block: borrowing BlockView) throws(StrategyError) -> WhitenedInput {
    let node = group[0]
    let needsFactor = group.contains { $0.outFeatures > $0.inFeatures }
    switch basis {
    case .whitened:
      let gram = try block.statistic(.inputGram, of: node, as: Double.self).takeMatrix()
      return try WhitenedInput.read(by: node, gram: gram, ridge: ridge, needsFactor: needsFactor, block)
    case .plain:
      // A Gram matrix of zeros is read as the identity.
      let zeros = try block.newMatrix(Double.self, rows: node.inFeatures, columns: node.inFeatures)
      return try WhitenedInput(zeros, ridge: 0, needsFactor: false, block)
    }
  }
}
