import LowRank
import PluginKit

/// SoCo (arXiv 2502.15092): `W' = U (Sigma * S) V^T` with scales S that are trained end to end, for the whole model
/// at once; components whose scale is not worth its bytes go.
///
/// `analyze` decomposes each weight (`ComponentBasis`), `allocate` trains (`SpectrumTraining`), `compress` folds the
/// scales into two factors. The paper's constants, its map for S and the shape of its losses are not published: what
/// is the paper's and what is reconstruction is in docs/METHODS.md.
public struct SoCo: ForecastingStrategy {
  enum Basis: String, CaseIterable { case whitened, plain }

  let basis: Basis
  let scope: ThresholdScope
  let settings: TrainingSettings
  let plan: TrainingPlan
  let curvatureWindows: Int
  let ridge: Double
  let step: Int

  public static let descriptor = StrategyDescriptor(
    id: "soco", name: "SoCo", version: "1.0.0",
    summary:
      "low-rank factors whose singular spectrum is trained end to end, one threshold for the whole model",
    reference: "https://arxiv.org/abs/2502.15092",
    traits: [.blockParallel, .takesBudget],
    requires: [.parameters, .graph, .budget, .calibration, .training, .linearAlgebra, .workspace],
    uses: [.parallel, .report], statistics: [.inputGram],
    parameters: [
      .choice(
        "basis", of: Basis.allCases.map(\.rawValue), default: Basis.whitened.rawValue,
        "components: whitened are those of W X, the outputs on the calibration text; plain those of W"),
      .choice(
        "threshold", of: ThresholdScope.allCases.map(\.rawValue), default: ThresholdScope.global.rawValue,
        "global compares all components of the model, per-type those of one role, which then keep equal shares"
      ),
      .float(
        "compress", in: 0.0...0.9, default: 0.1, "share of the steps in which the size falls to the target"),
      .float(
        "refine", in: 0.0...0.9, default: 0.2,
        "share of the steps after that in which components may come back in the place of others"),
      .int(
        "curvature_windows", in: 1...4096, default: 64,
        "windows from which it is estimated what a component is worth"),
    ] + TrainingSettings.parameters + [
      .float(
        "ridge", in: 0.0...1.0, default: 1e-8, "added to the Gram matrix, times the mean of its diagonal"
      ).advanced,
      .int("rank_multiple", in: 1...1024, default: 1, "every rank is a multiple of this"),
    ])

  public init(_ parameters: borrowing Parameters) throws(StrategyError) {
    basis = try parameters.choice("basis", as: Basis.self)
    scope = try parameters.choice("threshold", as: ThresholdScope.self)
    settings = try TrainingSettings(parameters, fromOriginal: false)
    let (compress, refine) = (try parameters.double("compress"), try parameters.double("refine"))
    guard compress + refine <= 0.95 else {
      throw StrategyError(
        .invalid, "compress and refine are \(compress + refine) of the steps together; leave 0.05 to settle")
    }
    plan = TrainingPlan(
      steps: settings.steps, compress: compress, refine: refine, interval: settings.interval)
    curvatureWindows = try parameters.int("curvature_windows")
    ridge = try parameters.double("ridge")
    step = try parameters.int("rank_multiple")
  }

  public func plan(_ model: borrowing ModelView, _ requests: borrowing Requests) throws(StrategyError) {
    let budget = try StageBudget(model, of: Self.descriptor.id)
    guard !budget.isMet else { return }
    let items = try budget.items(step: step, model)
    // Fails now, and not after the pass over the calibration data, where the target cannot be met.
    _ = try budget.allocating(items, step: step, model) { (allocator) throws(StrategyError) in
      try allocator.uniform()
    }
    for (node, item) in zip(budget.nodes, items) {
      let isTrained = try hasSpectrum(node, item, model.shape(of: node))
      // The plain basis needs no statistic of the inputs, and no pass over the text for them.
      if isTrained, basis == .whitened {
        try requests.request(.inputGram, of: node, as: Double.self, for: .analyze)
      }
    }
  }

  /// Whether the scales of this linear's components are trained: it can be factored, or it is one dense matrix, which
  /// can hold trained scales at no cost. Linears outside the blocks are left alone: they have no statistics.
  func hasSpectrum(_ node: Node, _ item: RankItem, _ shape: LinearShape) -> Bool {
    node.block != nil && (item.maximumRank > 0 || shape.isOneDenseMatrix)
  }

  /// The ranks that were learned; before that, those of equal shares.
  public func forecast(
    _ node: borrowing NodeForecast, _ allocation: [UInt32: LearnedLinear]?
  ) throws(StrategyError) {
    try node.forecast(
      allocation?.compactMapValues { $0.isFactored ? $0.components.count : nil }, step: step,
      of: Self.descriptor.id)
  }
}

extension LinearShape {
  var isOneDenseMatrix: Bool { terms.count == 1 && terms[0].count == 1 && terms[0][0].isDense }
}
