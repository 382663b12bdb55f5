import LowRank
import PluginKit

/// What `analyze` keeps of one block.
public struct BlockSummary: Sendable {
  let block: Int?
  /// Mean over tokens of `1 - cos(block input, block output)`; nil where it was not measured.
  let importance: Double?
  /// Squared singular values of `W X` by node id; empty where `compress` starts from nothing.
  let spectra: [UInt32: Spectrum]
}

extension AdaSVD {
  /// The importance of the block and, for the alternating update, the whitened truncation that it starts from.
  public func analyze(_ block: borrowing BlockView) throws(StrategyError) -> BlockSummary {
    let nothing = BlockSummary(block: block.block, importance: nil, spectra: [:])
    let budget = try StageBudget(block, of: Self.descriptor.id)
    guard !budget.isMet else { return nothing }
    var paying: [(node: Node, rank: Int)] = []
    for node in try block.selected() {
      let current = try block.cost(of: block.shape(of: node), as: node)
      let item = try StageBudget.item(of: node, current: current, step: step, block)
      if item.maximumRank > 0 { paying.append((node, item.maximumRank)) }
    }
    guard let first = paying.first?.node else { return nothing }
    var importance: Double?
    if adaptsRatio {
      importance = try block.statistic(.blockSimilarity, of: first, as: Double.self).takeMatrix()[0, 0]
    }
    var spectra: [UInt32: Spectrum] = [:]
    if startsWhitened {
      let ranks = Dictionary(uniqueKeysWithValues: paying.map { ($0.node.id, $0.rank) })
      for group in paying.map(\.node).byInputGroup() {
        for (node, spectrum) in try start(group, ranks, block) { spectra[node] = spectrum }
      }
    }
    return BlockSummary(block: block.block, importance: importance, spectra: spectra)
  }

  /// Decomposes linears of one input in parallel and keeps their output directions.
  private func start(
    _ group: [Node], _ ranks: [UInt32: Int], _ block: borrowing BlockView
  ) throws(StrategyError) -> [(UInt32, Spectrum)] {
    let gram = try block.statistic(.inputGram, of: group[0], as: Double.self).takeMatrix()
    let needsFactor = group.contains { $0.outFeatures > $0.inFeatures }
    let input = try WhitenedInput.read(
      by: group[0], gram: gram, ridge: ridge, needsFactor: needsFactor, block)
    let results = ResultSlots<(UInt32, Spectrum)>(count: group.count)
    try block.forEach(group.count) { (index) throws(StrategyError) in
      let node = group[index]
      do throws(StrategyError) {
        let rank = ranks[node.id] ?? 1
        let spectrum = try block.keepingBasis(of: node, rank: rank) { () throws(StrategyError) in
          try input.basis(of: block.denseWeight(of: node), rank: rank, block)
        }
        results.set(index, (node.id, spectrum))
      } catch {
        throw error.naming(node)
      }
    }
    return results.all
  }
}
