import LowRank
import PluginKit

extension AdaSVD {
  private static let aKey = "a"
  private static let bKey = "b"

  public func compress(
    _ block: borrowing BlockEditor, _ allocation: [UInt32: LinearRank]
  ) throws(StrategyError) {
    let nodes = try block.selected()
    let assigned = nodes.filter { allocation[$0.id] != nil }
    for group in assigned.byInputGroup() {
      if compensates {
        try compensate(group, allocation, block)
      } else {
        try truncate(group, allocation, block)
      }
    }
    for node in nodes { try block.forgetBasis(of: node) }
  }

  /// The whitened truncation as it is.
  private func truncate(
    _ group: [Node], _ allocation: [UInt32: LinearRank], _ block: borrowing BlockEditor
  ) throws(StrategyError) {
    for node in group {
      guard let assigned = allocation[node.id] else { continue }
      let basis = try block.keptBasis(of: node)
      let pair = try FactorPair(
        projecting: block.denseWeight(of: node), on: basis, rank: assigned.rank, block)
      if split == .balanced { assigned.start.balance(pair.a, pair.b) }
      try block.replace(node, with: pair.takeForm())
      let (total, tail) = (assigned.start.total, assigned.start.tail(assigned.rank))
      block.report("rank", Double(assigned.rank), about: node)
      block.report("relative_error", total > 0 ? (tail / total).squareRoot() : 0, about: node)
    }
  }

  /// Fits linears that read one input in parallel. Their factors pass through the workspace, because linears can
  /// only be replaced one after the other.
  private func compensate(
    _ group: [Node], _ allocation: [UInt32: LinearRank], _ block: borrowing BlockEditor
  ) throws(StrategyError) {
    let input = try shifted(group[0], block)
    try block.forEach(group.count) { (index) throws(StrategyError) in
      let node = group[index]
      guard let assigned = allocation[node.id] else { return }
      do throws(StrategyError) {
        let pair = try fit(node, assigned.rank, input, block)
        try block.keep(pair.a, for: node, key: Self.aKey)
        try block.keep(pair.b, for: node, key: Self.bKey)
      } catch {
        throw error.naming(node)
      }
    }
    for node in group {
      let pair = try FactorPair(
        a: block.kept(Float.self, for: node, key: Self.aKey),
        b: block.kept(Float.self, for: node, key: Self.bKey))
      try block.replace(node, with: pair.takeForm())
      try block.forget(for: node, key: Self.aKey)
      try block.forget(for: node, key: Self.bKey)
    }
  }

  /// What the linears that share the input of `node` are fitted to.
  private func shifted(_ node: Node, _ block: borrowing BlockEditor) throws(StrategyError) -> ShiftedOutputs {
    let gram = try block.statistic(shiftedGram, of: node, as: Double.self, upstreamCompressed: true)
      .takeMatrix()
    do throws(StrategyError) {
      switch target {
      case .shifted: return try ShiftedOutputs(gram: gram, ridge: ridge, block)
      case .between, .original:
        let cross = try block.statistic(.inputCrossGram, of: node, as: Double.self).takeMatrix()
        return try ShiftedOutputs(
          gram: gram, cross: cross, anchor: target.anchor, ridge: ridge, block)
      }
    } catch {
      throw error.naming(node)
    }
  }

  private func fit(
    _ node: Node, _ rank: Int, _ input: borrowing ShiftedOutputs, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> FactorPair {
    let weight = try block.converted(block.denseWeight(of: node), to: Double.self)
    let p = try input.outputs(of: weight, block)
    let size = p.squaredNorm
    var errors: [Double] = []
    func record(_ explained: Double) { errors.append(Self.relativeError(size: size, explained: explained)) }
    let basis: OutputBasis
    switch update {
    case .direct: basis = try OutputBasis.leading(of: p, rank: rank, unit: input.unit, block)
    case .alternating:
      let kept = try block.keptBasis(of: node)
      var subspace = OutputSubspace(try block.leadingColumns(rank, of: kept, as: Double.self))
      let whitened = try input.whitened(weight, block)
      record(size - (try subspace.truncationLoss(p, from: whitened, block)))
      subspace = try subspace.updated(p, from: whitened, block)
      record(try subspace.explained(p, block))
      for _ in 1..<iterations {
        subspace = try subspace.updated(p, from: p, block)
        record(try subspace.explained(p, block))
      }
      basis = try subspace.aligned(p, unit: input.unit, block)
    }
    if update == .direct { record(try block.product(p, transposeA: true, basis.vectors).squaredNorm) }
    let b = try input.inputSide(basis.vectors, weight, p, block)
    let pair = try FactorPair(
      a: block.converted(basis.vectors, to: Float.self), b: block.converted(b, to: Float.self))
    if split == .balanced { basis.spectrum.balance(pair.a, pair.b) }
    block.report("rank", Double(rank), about: node)
    block.report("relative_error", errors.last ?? 0, about: node)
    block.report("relative_error_by_iteration", series: errors, about: node)
    return pair
  }

  /// `||M X' - A B X'|| / ||M X'||` from `||M X'||^2` and the part of it that the factors explain. For shifted
  /// targets `M X' = T`; else what no linear map of `X'` can give is left out, so no further statistic is needed.
  private static func relativeError(size: Double, explained: Double) -> Double {
    size > 0 ? (max(0, size - explained) / size).squareRoot() : 0
  }
}
