import LowRank
import PluginKit

/// What `analyze` keeps of one linear.
public struct LinearSummary: Sendable {
  let node: Node
  let item: RankItem
  /// Empty where no factor pair pays.
  let spectrum: Spectrum
}

extension SVDLLMv2 {
  /// Decomposes every linear of the block for which a factor pair pays. Linears that read the same input share its
  /// Gram matrix and are decomposed in parallel; groups follow one another, so one Gram matrix is in use at a time.
  public func analyze(_ block: borrowing BlockView) throws(StrategyError) -> [LinearSummary] {
    let budget = try StageBudget(block, of: Self.descriptor.id)
    guard !budget.isMet else { return [] }
    var summaries: [LinearSummary] = []
    for group in try block.selected().byInputGroup() {
      var items: [RankItem] = []
      for node in group {
        let current = try block.cost(of: block.shape(of: node), as: node)
        items.append(try StageBudget.item(of: node, current: current, step: step, block))
      }
      let paying = zip(group, items).filter { $1.maximumRank > 0 }
      for (node, item) in zip(group, items) where item.maximumRank == 0 {
        summaries.append(
          LinearSummary(node: node, item: item, spectrum: .init(ascending: [], trace: 0, unit: 0)))
      }
      guard let first = paying.first?.0 else { continue }
      let gram = try block.statistic(.inputGram, of: first, as: Double.self).takeMatrix()
      summaries += try decompose(paying, gram, block)
    }
    return summaries.sorted { $0.node.id < $1.node.id }
  }

  private func decompose(
    _ linears: [(Node, RankItem)], _ gram: consuming HostMatrix<Double>, _ block: borrowing BlockView
  ) throws(StrategyError) -> [LinearSummary] {
    let needsFactor = linears.contains { node, _ in node.outFeatures > node.inFeatures }
    let input = try WhitenedInput.read(
      by: linears[0].0, gram: gram, ridge: ridge, needsFactor: needsFactor, block)
    let results = ResultSlots<LinearSummary>(count: linears.count)
    try block.forEach(linears.count) { (index) throws(StrategyError) in
      let (node, item) = linears[index]
      do throws(StrategyError) {
        let spectrum = try block.keepingBasis(of: node, rank: item.maximumRank) {
          () throws(StrategyError) in
          try input.basis(of: block.denseWeight(of: node), rank: item.maximumRank, block)
        }
        results.set(index, LinearSummary(node: node, item: item, spectrum: spectrum))
      } catch {
        throw error.naming(node)
      }
      if let ridge = input.factorRidge, node.outFeatures > node.inFeatures {
        block.report("ridge", ridge, about: node)
      }
    }
    return results.all
  }
}
