import LowRank
import PluginKit

/// AdaSVD (arXiv 2502.01403): low-rank factors fitted to the inputs that the compressed model really sees, with more
/// rank for the blocks that change the residual stream most.
///
/// Two halves, each with its switch. adaCR (`adaptive_ratio`) gives block i the share
/// `keep_i = minimum + I_i (keep - minimum)`, see `BlockShares`. adaComp (`adaptive_compensation`) replaces the
/// whitened truncation by factors for the inputs `X'` that come through the blocks compressed before, see
/// `ShiftedOutputs`.
///
/// Departures from the paper: Gram matrices over all tokens, averaged batches (`stack`) on request; the importance is
/// `mean(1 - cos)` (the paper prints the cosine); the byte budget is exact; the target may be the outputs of the
/// original model; and the optimum of the alternating updates is also computed directly.
public struct AdaSVD: ForecastingStrategy {
  enum Target: String, CaseIterable {
    case shifted, between, original

    /// The weight a of the original inputs in the target `W (a X + (1 - a) X')`.
    var anchor: Double {
      switch self {
      case .shifted: 0
      case .between: 0.5
      case .original: 1
      }
    }
  }
  enum Update: String, CaseIterable { case alternating, direct }
  enum Split: String, CaseIterable { case orthonormal, balanced }

  let adaptsRatio: Bool
  /// Tokens that the importance of blocks is measured on, 0 for all: a mean over so many is known to about 1 %.
  let importanceTokens: Int
  /// 0: the paper's choice, a tenth below the mean share; at least half of it.
  let minimumKeep: Double
  let target: Target
  let update: Update
  let iterations: Int
  /// Windows averaged position by position before they count: the paper's stack of batches; 1 for none.
  let stack: Int
  let split: Split
  let ridge: Double
  let step: Int

  public static let descriptor = StrategyDescriptor(
    id: "adasvd", name: "AdaSVD", version: "1.0.0",
    summary: "low-rank factors fitted to the inputs of the compressed model, ranks from block importance",
    reference: "https://arxiv.org/abs/2502.01403",
    traits: [.inOrder, .takesBudget],
    requires: [.parameters, .graph, .budget, .calibration, .linearAlgebra, .workspace],
    uses: [.parallel, .report],
    statistics: [.inputGram, .inputCrossGram, .inputStackedGram, .blockSimilarity],
    parameters: [
      .bool("adaptive_ratio", default: true, "adaCR: blocks that change the residual stream more keep more"),
      .int(
        "importance_tokens", in: 0...1_048_576, default: 8192,
        "calibration tokens, spread over the text, that adaCR compares blocks on; 0 for all"
      ).advanced,
      .float(
        "minimum_keep", in: 0.0...1.0, default: 0,
        "the share that a block of no importance keeps; 0 is keep - 0.1, at least half of keep"),
      .bool("adaptive_compensation", default: true, "adaComp: fit to inputs from the compressed blocks"),
      .choice(
        "target", of: Target.allCases.map(\.rawValue), default: Target.between.rawValue,
        "outputs to fit: shifted is the paper's W X', original W X of the original model, between their mean"),
      .choice(
        "update", of: Update.allCases.map(\.rawValue), default: Update.direct.rawValue,
        "direct solves for the best factors, alternating takes steps from the whitened truncation"),
      .int("iterations", in: 0...100, default: 1, "tau, for alternating; 0 is the whitened truncation"),
      .int(
        "stack", in: 1...1024, default: 1,
        "windows averaged position by position before they are fitted to, the paper's stack of batches"
      ).advanced,
      .float(
        "ridge", in: 0.0...1.0, default: 1e-8, "added to the Gram matrix, times the mean of its diagonal"
      ).advanced,
      .int("rank_multiple", in: 1...1024, default: 1, "every rank is a multiple of this"),
      .choice(
        "split", of: Split.allCases.map(\.rawValue), default: Split.balanced.rawValue,
        "where the singular values go: balanced halves them, orthonormal puts all on the input side"
      ).advanced,
    ])

  public init(_ parameters: borrowing Parameters) throws(StrategyError) {
    adaptsRatio = try parameters.bool("adaptive_ratio")
    importanceTokens = try parameters.int("importance_tokens")
    minimumKeep = try parameters.double("minimum_keep")
    target = try parameters.choice("target", as: Target.self)
    let update = try parameters.choice("update", as: Update.self)
    let compensates = try parameters.bool("adaptive_compensation")
    self.update = compensates ? update : .alternating
    iterations = compensates ? try parameters.int("iterations") : 0
    stack = try parameters.int("stack")
    guard stack == 1 || target == .shifted else {
      throw StrategyError(
        .invalid, "stack: \(stack) averages shifted inputs only; set target: \"shifted\", or leave stack out")
    }
    split = try parameters.choice("split", as: Split.self)
    ridge = try parameters.double("ridge")
    step = try parameters.int("rank_multiple")
  }

  /// Whether `compress` reads statistics.
  var compensates: Bool { update == .direct || iterations > 0 }
  /// The second moments of the inputs that the factors are fitted to.
  var shiftedGram: StatisticKind { stack > 1 ? .inputStackedGram : .inputGram }
  /// Whether `analyze` decomposes the whitened weights.
  var startsWhitened: Bool { update == .alternating }

  public func plan(_ model: borrowing ModelView, _ requests: borrowing Requests) throws(StrategyError) {
    let budget = try StageBudget(model, of: Self.descriptor.id)
    guard !budget.isMet else { return }
    let items = try budget.items(step: step, model)
    // Fails now, and not after the pass over the calibration data, where the target cannot be met.
    _ = try budget.allocating(items, step: step, model) { (allocator) throws(StrategyError) in
      try allocator.uniform()
    }
    var measured: Set<Int> = []
    for (node, item) in zip(budget.nodes, items) where item.maximumRank > 0 {
      if adaptsRatio, let block = node.block, measured.insert(block).inserted {
        try requests.request(
          .blockSimilarity, of: node, as: Double.self, for: .analyze, maxRows: importanceTokens)
      }
      if startsWhitened { try requests.request(.inputGram, of: node, as: Double.self, for: .analyze) }
      guard compensates else { continue }
      try requests.request(
        shiftedGram, of: node, as: Double.self, for: .compress, upstreamCompressed: true, maxRows: stack)
      if target != .shifted {
        try requests.request(.inputCrossGram, of: node, as: Double.self, for: .compress)
      }
    }
  }

  /// The ranks that were allocated; before that, those of equal shares.
  public func forecast(
    _ node: borrowing NodeForecast, _ allocation: [UInt32: LinearRank]?
  ) throws(StrategyError) {
    try node.forecast(allocation?.mapValues(\.rank), step: step, of: Self.descriptor.id)
  }
}
