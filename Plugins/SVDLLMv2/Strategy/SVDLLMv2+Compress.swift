import PluginKit

/// The rank of one linear and the spectrum it came from.
public struct LinearRank: Sendable {
  let rank: Int
  let spectrum: Spectrum
}

extension SVDLLMv2 {
  /// Ranks by node id; linears that are not listed stay as they are.
  public func allocate(
    _ summaries: [[LinearSummary]], _ model: borrowing ModelView
  ) throws(StrategyError) -> [UInt32: LinearRank] {
    let budget = try StageBudget(model)
    guard !budget.isMet else { return [:] }
    let known = Dictionary(summaries.joined().map { ($0.node.id, $0) }) { first, _ in first }
    let candidates = zip(budget.nodes, budget.current).map { node, current in
      let group = RankCandidate.Group(
        role: node.role, outFeatures: node.outFeatures, inFeatures: node.inFeatures)
      // A linear that was not analysed stays as it is.
      let summary = known[node.id]
      return RankCandidate(
        item: summary?.item ?? RankItem(current: current, maximumRank: 0), group: group,
        spectrum: summary?.spectrum ?? Spectrum(ascending: [], trace: 0, unit: 0))
    }
    let ranks = try budget.allocating(candidates.map(\.item), step: step, model) {
      (allocator) throws(StrategyError) in
      switch rule {
      case .uniform: try allocator.uniform()
      case .loss: try allocator.byLoss(candidates, clamp: clamp)
      }
    }
    var allocation: [UInt32: LinearRank] = [:]
    for (index, node) in budget.nodes.enumerated() {
      guard let rank = ranks[index] else { continue }
      allocation[node.id] = LinearRank(rank: rank, spectrum: candidates[index].spectrum)
    }
    return allocation
  }

  public func compress(
    _ block: borrowing BlockEditor, _ allocation: [UInt32: LinearRank]
  ) throws(StrategyError) {
    for node in try block.selected() {
      guard let assigned = allocation[node.id] else {
        try block.forget(for: node, key: Self.basisKey)
        continue
      }
      let basis = try block.kept(Float.self, for: node, key: Self.basisKey)
      let (a, b) = try factors(of: node, basis, assigned, block)
      try block.replace(node, with: LinearForm(terms: [[b, a]]))
      try block.forget(for: node, key: Self.basisKey)
      let (total, tail) = (assigned.spectrum.total, assigned.spectrum.tail(assigned.rank))
      block.report("rank", Double(assigned.rank), about: node)
      block.report("loss", tail.squareRoot(), about: node)
      block.report("relative_error", total > 0 ? (tail / total).squareRoot() : 0, about: node)
    }
  }

  /// `A = U_k S`, `B = S^-1 U_k^T W`; `S = c Sigma_k^(1/2)`, or `S = I` for the orthonormal split.
  private func factors(
    of node: Node, _ basis: borrowing HostMatrix<Float>, _ assigned: LinearRank,
    _ block: borrowing BlockEditor
  ) throws(StrategyError) -> (a: Factor, b: Factor) {
    let rank = assigned.rank
    guard basis.rows == node.outFeatures, basis.columns >= rank else {
      throw StrategyError(.contract, "the kept basis of \(node.name) is [\(basis.rows), \(basis.columns)]")
    }
    let a = try block.newMatrix(Float.self, rows: basis.rows, columns: rank)
    for i in 0..<basis.rows {
      basis.withRow(i) { source in
        a.withMutableRow(i) { target in
          for j in target.indices { target[j] = source[j] }
        }
      }
    }
    let b = try block.product(a, transposeA: true, block.denseWeight(of: node))
    if split == .balanced { Self.balance(a, b, assigned.spectrum) }
    return (.dense(a), .dense(b))
  }

  /// Multiplies column i of `a` by `c sigma_i^(1/2)` and divides row i of `b` by it, where `sigma_i^2 = lambda_i`.
  ///
  /// The power of two c makes the two factors about equally large: sigma is a sum over all calibration tokens, and
  /// factors stored in float16 should not depend on their number. Directions below `1e-14 lambda_1` share the factor
  /// of that bound, so nothing is divided by zero.
  private static func balance(
    _ a: borrowing HostMatrix<Float>, _ b: borrowing HostMatrix<Float>, _ spectrum: Spectrum
  ) {
    let largest = (spectrum.leading.first ?? 0) * spectrum.unit
    guard largest > 0, largest.isFinite else { return }
    let roots = spectrum.leading.prefix(a.columns).map { lambda in
      max(lambda * spectrum.unit, 1e-14 * largest).squareRoot().squareRoot()
    }
    // Columns of A have the norm 1 so far.
    let left = roots.reduce(0) { $0 + $1 * $1 }
    var right = 0.0
    for i in 0..<b.rows {
      b.withRow(i) { row in
        for j in row.indices { right += Double(row[j]) * Double(row[j]) / (roots[i] * roots[i]) }
      }
    }
    guard right > 0, right.isFinite else { return }
    let even = Double(
      sign: .plus, exponent: (right / left).squareRoot().squareRoot().exponent, significand: 1)
    let scales = roots.map { Float($0 * even) }
    for i in 0..<a.rows {
      a.withMutableRow(i) { row in
        for j in row.indices { row[j] *= scales[j] }
      }
    }
    for i in 0..<b.rows {
      b.withMutableRow(i) { row in
        for j in row.indices { row[j] /= scales[i] }
      }
    }
  }
}
