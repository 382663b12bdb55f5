import PluginKit

extension NodeForecast {
  /// Gives this node the factor pair of `ranks` by node id, or, before they are known, that of equal shares.
  package func forecast(_ ranks: [UInt32: Int]?, step: Int, of strategy: String) throws(StrategyError) {
    if let ranks {
      if let rank = ranks[node.id] { try replace(with: .factored(node, rank: rank)) }
      return
    }
    let budget = try StageBudget(self, of: strategy)
    guard !budget.isMet, let place = budget.nodes.firstIndex(where: { $0.id == node.id }) else { return }
    let items = try budget.items(step: step, self)
    let uniform = try budget.allocating(items, step: step, self) { (allocator) throws(StrategyError) in
      try allocator.uniform()
    }
    if let rank = uniform[place] { try replace(with: .factored(node, rank: rank)) }
  }
}
