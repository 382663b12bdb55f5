import LowRank
import PluginKit

/// SVD-LLM V2 (arXiv 2503.12340): low-rank factors that lose the least on the calibration inputs, with ranks from
/// the losses.
///
/// Each selected `W` `[m, n]` becomes `A B` with A `[m, k]` and B `[k, n]`, the best rank-k approximation of its
/// outputs (`OutputBasis`). Every linear is decomposed once, in `analyze`; the output directions go to the host's
/// workspace, and `compress` needs no statistics. Ranks come from `RankAllocator` under the host's byte budget.
///
/// Departures from the paper: no square root or inverse of the Gram matrix; its two misprinted lines are corrected;
/// `1 / log(loss)` is made safe; and what rounding leaves of the budget is spent.
public struct SVDLLMv2: ForecastingStrategy {
  enum AllocationRule: String, CaseIterable { case loss, uniform }
  enum Split: String, CaseIterable { case orthonormal, balanced }

  let rule: AllocationRule
  let split: Split
  let clamp: Double
  let ridge: Double
  let step: Int

  public static let descriptor = StrategyDescriptor(
    id: "svdllm-v2", name: "SVD-LLM V2", version: "1.0.0",
    summary:
      "low-rank factors that keep the outputs on the calibration data, ranks from the truncation losses",
    reference: "https://arxiv.org/abs/2503.12340",
    traits: [.blockParallel, .takesBudget],
    requires: [.parameters, .graph, .budget, .calibration, .linearAlgebra, .workspace],
    uses: [.parallel, .report], statistics: [.inputGram],
    parameters: [
      .choice(
        "allocation", of: AllocationRule.allCases.map(\.rawValue), default: AllocationRule.loss.rawValue,
        "ranks: loss is the paper's rule, uniform keeps the same share everywhere"
      ),
      .float("clamp", in: 0.0...1.0, default: 0.95, "the largest share of one linear that loss may remove"),
      .float(
        "ridge", in: 0.0...1.0, default: 1e-8, "added to the Gram matrix, times the mean of its diagonal"
      )
      .advanced,
      .int("rank_multiple", in: 1...1024, default: 1, "every rank is a multiple of this"),
      .choice(
        "split", of: Split.allCases.map(\.rawValue), default: Split.balanced.rawValue,
        "where the singular values go: balanced halves them, orthonormal puts all on the input side"
      ).advanced,
    ])

  public init(_ parameters: borrowing Parameters) throws(StrategyError) {
    rule = try parameters.choice("allocation", as: AllocationRule.self)
    split = try parameters.choice("split", as: Split.self)
    clamp = try parameters.double("clamp")
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
    for (node, item) in zip(budget.nodes, items) where item.maximumRank > 0 {
      try requests.request(.inputGram, of: node, as: Double.self, for: .analyze)
    }
  }

  /// The ranks that were allocated; before that, those of the uniform rule.
  public func forecast(
    _ node: borrowing NodeForecast, _ allocation: [UInt32: LinearRank]?
  ) throws(StrategyError) {
    try node.forecast(allocation?.mapValues(\.rank), step: step, of: Self.descriptor.id)
  }
}
