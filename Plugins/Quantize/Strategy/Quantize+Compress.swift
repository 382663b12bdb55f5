import LowRank
import PluginKit

extension Quantize {
  public func compress(_ block: borrowing BlockEditor, _ allocation: Void) throws(StrategyError) {
    // The layers whose input is the output of another layer of the block come first: that one gives its rows for the
    // scale, which it can do best before it is rounded itself.
    let groups = try block.selected().byInputGroup()
    let late = groups.filter { Self.readsLayer($0[0]) }
    for group in late + groups.filter({ !Self.readsLayer($0[0]) }) { try compress(group, block) }
  }

  private static func readsLayer(_ node: Node) -> Bool { node.role == .attentionOutput || node.role == .down }

  /// Linears that read one input.
  private func compress(_ group: [Node], _ block: borrowing BlockEditor) throws(StrategyError) {
    var nodes: [Node] = []
    var settings: [QuantizeSettings] = []
    for node in group {
      let own = try block.settings(of: node, common)
      guard try own.quantized(block.shape(of: node), of: node) != nil else { continue }
      nodes.append(node)
      settings.append(own)
    }
    guard !nodes.isEmpty else { return }
    if settings[0].method == .awq {
      guard nodes.count == group.count else {
        throw StrategyError(
          .unsupported,
          "the input of \(nodes[0].name) is read by a layer that is already packed; leave awq out for it")
      }
      let scales = try scaleInput(of: group, settings, block)
      for (node, own) in zip(nodes, settings) { try compress(node, own, scales, block) }
      return
    }
    for (node, own) in zip(nodes, settings) { try compress(node, own, nil, block) }
  }

  private func compress(
    _ node: Node, _ settings: QuantizeSettings, _ scales: [Float]?, _ block: borrowing BlockEditor
  ) throws(StrategyError) {
    do throws(StrategyError) {
      var quantizer = NodeQuantizer(node: node, settings: settings)
      try quantizer.run(block, settings.needsGram ? gram(of: node, block) : nil, scales: scales)
    } catch {
      guard error.code == .numerical else { throw error }
      throw StrategyError(.numerical, "\(error.message), in \(node.name); repair or exclude it")
    }
  }

  private func gram(
    of node: Node, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> HostMatrix<Double> {
    try block.statistic(.inputGram, of: node, as: Double.self, upstreamCompressed: readsCompressed)
      .takeMatrix()
  }
}
