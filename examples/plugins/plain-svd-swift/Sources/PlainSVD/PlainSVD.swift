import PluginKit

/// The truncated SVD of the weights, blind to the data: `W = U diag(sigma) V^T`, `A = U_k diag(sigma_k)^(1/2)`,
/// `B = diag(sigma_k)^(1/2) V_k^T`. Every layer keeps the same share of its bytes.
struct PlainSVD: ForecastingStrategy {
  static let descriptor = StrategyDescriptor(
    id: "example.plain-svd", name: "Plain SVD", version: "1.0.0",
    summary: "truncated SVD of the weights, equal shares",
    traits: [.blockParallel, .takesBudget], requires: [.parameters, .graph, .budget, .linearAlgebra],
    uses: [.report], parameters: [])

  init(_ parameters: borrowing Parameters) throws(StrategyError) {}

  /// A target that cannot be met fails here, before any work.
  func plan(_ model: borrowing ModelView, _ requests: borrowing Requests) throws(StrategyError) {
    _ = try model.equalShares()
  }

  /// Ranks by node id; layers that are not listed stay as they are.
  func allocate(_ summaries: [Void], _ model: borrowing ModelView) throws(StrategyError) -> [UInt32: Int] {
    try model.equalShares()
  }

  func compress(_ block: borrowing BlockEditor, _ ranks: [UInt32: Int]) throws(StrategyError) {
    for node in try block.selected() {
      guard let rank = ranks[node.id] else { continue }
      let weight = try block.denseWeight(of: node)
      let triples = try block.svd(weight, rank: rank)
      let sigma = triples.values
      for (k, value) in sigma.enumerated() {
        let root = value.squareRoot()
        for i in 0..<node.outFeatures { triples.u[i, k] *= root }
        for j in 0..<node.inFeatures { triples.vt[k, j] *= root }
      }
      try block.replace(node, with: LinearForm(terms: [[.dense(triples.vt), .dense(triples.u)]]))
      block.report("rank", Double(rank), about: node)
      block.report("relative_error", Self.relativeError(weight.array(), sigma), about: node)
    }
  }

  /// The ranks of `allocate`, or before it those that it would choose.
  func forecast(_ node: borrowing NodeForecast, _ ranks: [UInt32: Int]?) throws(StrategyError) {
    let ranks = if let ranks { ranks } else { try node.equalShares() }
    guard let rank = ranks[node.node.id] else { return }
    try node.replace(with: .factored(node.node, rank: rank))
  }

  /// `||W - W'||_F / ||W||_F`.
  private static func relativeError(_ weights: [Float], _ sigma: [Float]) -> Double {
    let total = weights.reduce(0) { $0 + Double($1) * Double($1) }
    let kept = sigma.reduce(0) { $0 + Double($1) * Double($1) }
    return total > kept ? ((total - kept) / total).squareRoot() : 0
  }
}
