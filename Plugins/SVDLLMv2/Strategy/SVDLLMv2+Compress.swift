import LowRank
import PluginKit

/// The rank of one linear and the spectrum it came from.
public struct LinearRank: Sendable {
  let rank: Int
  let spectrum: Spectrum
}

extension SVDLLMv2 {
  /// Ranks by node id; linears that are not listed stay as they are.
  public func allocate(
    _ summaries: [[LinearSummary]], _ model: borrowing ModelView
  ) throws(StrategyError) -> [UInt32: LinearRank] {
    let budget = try StageBudget(model, of: Self.descriptor.id)
    guard !budget.isMet else { return [:] }
    let known = Dictionary(summaries.joined().map { ($0.node.id, $0) }) { first, _ in first }
    let candidates = zip(budget.nodes, budget.current).map { node, current in
      let group = RankCandidate.Group(
        role: node.role, outFeatures: node.outFeatures, inFeatures: node.inFeatures)
      // A linear that was not analysed stays as it is.
      let summary = known[node.id]
      return RankCandidate(
        item: summary?.item ?? RankItem(current: current, maximumRank: 0), group: group,
        spectrum: summary?.spectrum ?? Spectrum(ascending: [], trace: 0, unit: 0))
    }
    let ranks = try budget.allocating(candidates.map(\.item), step: step, model) {
      (allocator) throws(StrategyError) in
      switch rule {
      case .uniform: try allocator.uniform()
      case .loss: try allocator.byLoss(candidates, clamp: clamp)
      }
    }
    var allocation: [UInt32: LinearRank] = [:]
    for (index, node) in budget.nodes.enumerated() {
      guard let rank = ranks[index] else { continue }
      allocation[node.id] = LinearRank(rank: rank, spectrum: candidates[index].spectrum)
    }
    return allocation
  }

  public func compress(
    _ block: borrowing BlockEditor, _ allocation: [UInt32: LinearRank]
  ) throws(StrategyError) {
    for node in try block.selected() {
      guard let assigned = allocation[node.id] else {
        try block.forgetBasis(of: node)
        continue
      }
      let basis = try block.keptBasis(of: node)
      // `A = U_k S`, `B = S^-1 U_k^T W`; `S = c Sigma_k^(1/2)`, or `S = I` for the orthonormal split.
      let pair = try FactorPair(
        projecting: block.denseWeight(of: node), on: basis, rank: assigned.rank, block)
      if split == .balanced { assigned.spectrum.balance(pair.a, pair.b) }
      try block.replace(node, with: pair.takeForm())
      try block.forgetBasis(of: node)
      let (total, tail) = (assigned.spectrum.total, assigned.spectrum.tail(assigned.rank))
      block.report("rank", Double(assigned.rank), about: node)
      block.report("loss", tail.squareRoot(), about: node)
      block.report("relative_error", total > 0 ? (tail / total).squareRoot() : 0, about: node)
    }
  }
}
