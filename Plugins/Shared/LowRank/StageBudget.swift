import PluginKit

/// The selected linears with their present prices, and what they may take together.
package struct StageBudget {
  package let nodes: [Node]
  /// Bytes of each node's present form.
  package let current: [Int]
  package let target: Int

  package init<Host: HostAccess & ~Copyable>(_ host: borrowing Host, of strategy: String)
    throws(StrategyError)
  {
    guard let target = try host.budgetTarget() else {
      throw StrategyError(.invalid, "\(strategy) needs a budget; give the stage a value for keep")
    }
    self.target = target
    nodes = try host.selectedNodes()
    var current: [Int] = []
    for node in nodes { current.append(try host.cost(of: host.shape(of: node), as: node)) }
    self.current = current
  }

  /// Whether the linears cost no more than they may: then all stay as they are.
  package var isMet: Bool { current.reduce(0, +) <= target }

  /// The item of `node`, with its largest paying rank.
  package static func item<Host: HostAccess & ~Copyable>(
    of node: Node, current: Int, step: Int, _ host: borrowing Host
  ) throws(StrategyError) -> RankItem {
    // Statistics are collected block by block, so a linear outside the blocks is never analysed and stays.
    let limit = node.block == nil ? 0 : min(node.inFeatures, node.outFeatures)
    let maximum = try RankLevels.maximumRank(limit: limit, step: step, current: current) {
      (rank) throws(StrategyError) in
      try host.cost(of: .factored(node, rank: rank), as: node)
    }
    return RankItem(current: current, maximumRank: maximum)
  }

  /// The items of all `nodes`.
  package func items<Host: HostAccess & ~Copyable>(
    step: Int, _ host: borrowing Host
  ) throws(StrategyError) -> [RankItem] {
    var items: [RankItem] = []
    for (node, current) in zip(nodes, current) {
      items.append(try Self.item(of: node, current: current, step: step, host))
    }
    return items
  }

  /// Lends an allocator over `items` of `nodes`, with this budget or `bytes`, to `body`.
  package func allocating<Host: HostAccess & ~Copyable, Result>(
    _ items: [RankItem], within bytes: Int? = nil, step: Int, _ host: borrowing Host,
    _ body: (RankAllocator) throws(StrategyError) -> Result
  ) throws(StrategyError) -> Result {
    try allocating(items, within: bytes ?? target, step: step, body) { (item, rank) throws(StrategyError) in
      try host.cost(of: .factored(nodes[item], rank: rank), as: nodes[item])
    }
  }

  private func allocating<Result>(
    _ items: [RankItem], within bytes: Int, step: Int,
    _ body: (RankAllocator) throws(StrategyError) -> Result,
    price: (Int, Int) throws(StrategyError) -> Int
  ) throws(StrategyError) -> Result {
    try withoutActuallyEscaping(price) { (price) throws(StrategyError) in
      try body(RankAllocator(levels: RankLevels(items: items, step: step, price: price), target: bytes))
    }
  }
}

extension LinearShape {
  package static func factored(_ node: Node, rank: Int) -> LinearShape {
    .factored(outFeatures: node.outFeatures, inFeatures: node.inFeatures, rank: rank)
  }
}
