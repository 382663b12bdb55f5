import LowRank
import PluginKit

/// The rank of one linear and the spectrum of its whitened start.
public struct LinearRank: Sendable {
  let rank: Int
  let start: Spectrum
}

extension AdaSVD {
  /// Ranks by node id; linears that are not listed stay as they are.
  public func allocate(
    _ summaries: [BlockSummary], _ model: borrowing ModelView
  ) throws(StrategyError) -> [UInt32: LinearRank] {
    let budget = try StageBudget(model, of: Self.descriptor.id)
    guard !budget.isMet else { return [:] }
    let items = try budget.items(step: step, model)
    let ranks = try budget.allocating(items, step: step, model) { (allocator) throws(StrategyError) in
      guard let shares = shares(summaries, budget.nodes, allocator) else { return try allocator.uniform() }
      model.report("block_keep", series: shares.blocks)
      model.report("block_importance", series: shares.importance)
      return try allocator.byShares(shares.items)
    }
    let none = Spectrum(ascending: [], trace: 0, unit: 0)
    var spectra: [UInt32: Spectrum] = [:]
    for summary in summaries { spectra.merge(summary.spectra) { first, _ in first } }
    var allocation: [UInt32: LinearRank] = [:]
    for (node, rank) in zip(budget.nodes, ranks) {
      guard let rank else { continue }
      allocation[node.id] = LinearRank(rank: rank, start: spectra[node.id] ?? none)
    }
    return allocation
  }

  private struct Shares {
    /// By block, as far as measured.
    let blocks: [Double]
    let importance: [Double]
    /// By item.
    let items: [Double]
  }

  /// The share of each item: that of its block; nil where all shares are equal.
  private func shares(_ summaries: [BlockSummary], _ nodes: [Node], _ allocator: RankAllocator) -> Shares? {
    let measured = summaries.compactMap { summary in
      summary.block.flatMap { block in summary.importance.map { (block: block, importance: $0) } }
    }
    guard !measured.isEmpty else { return nil }
    var bytes: [Int: Double] = [:]
    for (index, node) in nodes.enumerated() where allocator.levels.top(index) > 0 {
      bytes[node.block ?? -1, default: 0] += Double(allocator.levels.items[index].current)
    }
    let mean = 1 - allocator.removedShare
    let minimum = minimumKeep > 0 ? minimumKeep : max(mean - 0.1, mean / 2)
    let blocks = BlockShares.shares(
      importance: measured.map(\.importance), weights: measured.map { bytes[$0.block] ?? 0 }, mean: mean,
      minimum: minimum)
    let byBlock = Dictionary(zip(measured.map(\.block), blocks)) { first, _ in first }
    return Shares(
      blocks: blocks, importance: measured.map(\.importance),
      items: nodes.map { node in node.block.flatMap { byBlock[$0] } ?? mean })
  }
}
