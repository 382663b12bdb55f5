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
    var scales: [Float]?
    if settings[0].method == .awq {
      guard nodes.count == group.count else {
        throw StrategyError(
          .unsupported,
          "the input of \(nodes[0].name) is read by a layer that is already packed; leave awq out for it")
      }
      scales = try scaleInput(of: group, settings, block)
    }
    // Layers with the same settings share the decomposition of their input's Gram matrix.
    var feedback: ErrorFeedback?
    for (place, node) in nodes.enumerated() {
      let own = settings[place]
      if place == 0 || !own.hasFeedback(of: settings[place - 1]) { feedback = nil }
      do throws(StrategyError) {
        var quantizer = NodeQuantizer(node: node, settings: own)
        try quantizer.run(block, own.needsGram ? gram(of: node, block) : nil, scales: scales, &feedback)
      } catch {
        guard error.code == .numerical else { throw error }
        throw StrategyError(.numerical, "\(error.message), in \(node.name); repair or exclude it")
      }
    }
  }

  private func gram(
    of node: Node, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> HostMatrix<Double> {
    try block.statistic(.inputGram, of: node, as: Double.self, upstreamCompressed: readsCompressed)
      .takeMatrix()
  }
}
