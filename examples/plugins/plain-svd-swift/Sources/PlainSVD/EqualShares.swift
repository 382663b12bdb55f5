import PluginKit

extension HostAccess where Self: ~Copyable {
  /// Ranks, by node id, with which every layer keeps the same share of its bytes; layers that are not listed stay as they are.
  ///
  /// Never above the target, and no further rank of any layer would fit.
  func equalShares() throws(StrategyError) -> [UInt32: Int] {
    guard let target = try budgetTarget() else {
      throw StrategyError(.invalid, "there is no budget; give the stage a value for keep")
    }
    var layers: [RankedLayer] = []
    for node in try selectedNodes() { layers.append(try ranked(node)) }
    let fixed = layers.reduce(0) { $0 + ($1.limit > 0 ? 0 : $1.bytes) }
    let open = layers.reduce(0) { $0 + ($1.limit > 0 ? $1.bytes : 0) }
    let share = open > 0 ? Double(target - fixed) / Double(open) : 1
    for index in layers.indices {
      let layer = layers[index]
      layers[index].rank = try largest(layer, 1...layer.limit + 1, within: share * Double(layer.bytes))
    }
    var used = 0
    for layer in layers { used += try price(layer, layer.rank) }
    while used > target { try takeBack(&layers, &used) }
    while try spend(&layers, target, &used) {}
    let changed = layers.filter { !$0.stays }.map { ($0.node.id, $0.rank) }
    return Dictionary(changed) { first, _ in first }
  }

  /// Bytes in the finished folder: what the later stages of the recipe make of the form is counted.
  private func price(_ layer: RankedLayer, _ rank: Int) throws(StrategyError) -> Int {
    rank > layer.limit ? layer.bytes : try cost(of: .factored(layer.node, rank: rank), as: layer.node)
  }

  private func ranked(_ node: Node) throws(StrategyError) -> RankedLayer {
    let bytes = try cost(of: shape(of: node), as: node)
    var layer = RankedLayer(node: node, bytes: bytes, limit: min(node.outFeatures, node.inFeatures))
    layer.limit = try largest(layer, 0...layer.limit, within: Double(bytes) - 1)
    return layer
  }

  /// The largest of `ranks` that costs at most `bytes`, else the first. Prices do not fall with the rank.
  private func largest(
    _ layer: RankedLayer, _ ranks: ClosedRange<Int>, within bytes: Double
  ) throws(StrategyError) -> Int {
    var (low, high) = (ranks.lowerBound, ranks.upperBound)
    while low < high {
      let middle = low + (high - low + 1) / 2
      if Double(try price(layer, middle)) <= bytes { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// One rank less for the layer that keeps the largest share; only where rank 1 of a small layer is above its own.
  private func takeBack(_ layers: inout [RankedLayer], _ used: inout Int) throws(StrategyError) {
    var richest: (index: Int, share: Double)?
    for (index, layer) in layers.enumerated() where layer.limit > 0 && layer.rank > 1 {
      let share = Double(try price(layer, layer.rank)) / Double(layer.bytes)
      if share > richest?.share ?? -1 { richest = (index, share) }
    }
    guard let index = richest?.index else {
      throw StrategyError(.invalid, "the budget is below rank 1 in every layer; raise keep")
    }
    used -= try price(layers[index], layers[index].rank)
    layers[index].rank -= 1
    used += try price(layers[index], layers[index].rank)
  }

  /// One rank more for each layer in turn, as long as it fits; says whether any did.
  private func spend(
    _ layers: inout [RankedLayer], _ target: Int, _ used: inout Int
  ) throws(StrategyError) -> Bool {
    var spent = false
    for (index, layer) in layers.enumerated() where !layer.stays {
      let others = used - (try price(layer, layer.rank))
      let next = try price(layer, layer.rank + 1)
      if others + next > target { continue }
      used = others + next
      layers[index].rank += 1
      spent = true
    }
    return spent
  }
}

/// A layer that may become a factor pair of rank 1 to `limit`, or stay as it is.
private struct RankedLayer {
  let node: Node
  /// The price of its present form.
  let bytes: Int
  /// The largest rank that is cheaper than that; 0 if none is.
  var limit: Int
  /// What it gets; above `limit`, it stays.
  var rank = 0
  var stays: Bool { rank > limit }
}

extension LinearShape {
  static func factored(_ node: Node, rank: Int) -> LinearShape {
    .factored(outFeatures: node.outFeatures, inFeatures: node.inFeatures, rank: rank)
  }
}
