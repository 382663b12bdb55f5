import LowRank
import PluginKit

extension SoCo {
  /// Trains; linears that are not listed stay as they are.
  public func allocate(
    _ blocks: [BlockComponents], _ model: borrowing ModelView
  ) throws(StrategyError) -> [UInt32: LearnedLinear] {
    let budget = try StageBudget(model, of: Self.descriptor.id)
    guard !budget.isMet else {
      model.log(
        .info,
        "the model meets the target of \(budget.target) bytes as it is; nothing is trained (recover trains without "
          + "making smaller)")
      return [:]
    }
    let decomposed = blocks.reduce(into: Set<UInt32>()) { $0.formUnion($1.nodes) }
    var training = try SpectrumTraining.started(self, budget, decomposed: decomposed, model)
    try training.run(model)
    return try training.learned(model)
  }

  public func compress(
    _ block: borrowing BlockEditor, _ learned: [UInt32: LearnedLinear]
  ) throws(StrategyError) {
    for node in try block.selected() {
      if let linear = learned[node.id] {
        try replace(node, linear, block)
        report(node, linear, block)
      }
      try block.forget(for: node, key: Self.basisKey)
    }
  }

  private func replace(
    _ node: Node, _ linear: LearnedLinear, _ block: borrowing BlockEditor
  ) throws(StrategyError) {
    let terms: [[Factor]]
    if linear.isFactored {
      let pair = try FactorPair(of: node, components: linear.components, block)
      pair.fold(linear.scales)
      terms = pair.takeForm().terms
    } else if linear.scales.contains(where: { $0 != 1 }) {
      let pair = try FactorPair(of: node, components: linear.components, block)
      pair.fold(linear.scales)
      terms = [[.dense(try block.product(pair.a, pair.b))]]
    } else {
      guard linear.bias != nil else { return }
      terms = try block.form(of: node).terms
    }
    guard let bias = linear.bias, try block.changesBias(of: node, to: bias) else {
      return try block.replace(node, with: LinearForm(terms: terms))
    }
    try block.replace(node, with: LinearForm(terms: terms, bias: block.vector(bias.map(Double.init))))
  }

  private func report(_ node: Node, _ linear: LearnedLinear, _ block: borrowing BlockEditor) {
    if linear.isFactored { block.report("rank", Double(linear.components.count), about: node) }
    guard let largest = linear.scales.max(), let smallest = linear.scales.min() else { return }
    let amplified = linear.scales.count { $0 > 1 }
    block.report("scale_max", Double(largest), about: node)
    block.report("scale_min", Double(smallest), about: node)
    block.report("amplified_share", Double(amplified) / Double(linear.scales.count), about: node)
  }
}

extension HostAccess where Self: ~Copyable {
  /// The bias of `node`, zeros where it has none, to be trained.
  func learnedBias(of node: Node) throws(StrategyError) -> LearnedVector {
    guard let bias = try bias(of: form(of: node)) else {
      return LearnedVector(bias: Array(repeating: 0, count: node.outFeatures))
    }
    return LearnedVector(bias: bias.array().map(Double.init))
  }

  /// Whether `bias` is another than the layer has; zeros where it has none are no change.
  func changesBias(of node: Node, to bias: [Float]) throws(StrategyError) -> Bool {
    guard let old = try self.bias(of: form(of: node)) else { return bias.contains { $0 != 0 } }
    return old.array() != bias
  }
}
