/// The best approximation of given rank, D ~ U diag(s) V^T.
public struct TruncatedSVD: Sendable {
  /// How a truncation was computed.
  public enum Route: Sendable, Equatable {
    /// A singular value decomposition of D.
    case singularValues
    /// An eigen-decomposition of D D^T or D^T D, whose error bound was met.
    case eigenvalues
  }

  /// U: [m, k], signed by the sign rule.
  public let u: Matrix<Double>
  /// s: k values, descending.
  public let values: [Double]
  /// V^T: [k, n].
  public let vt: Matrix<Double>
  /// |D - U diag(s) V^T|_F = sqrt(sum over i > k of s_i^2), within 0.1 %.
  public let tailNorm: Double
  public let route: Route

  /// How much a truncation may lose beyond the optimum: 0.1 %.
  static let tolerance = 1e-3
}

/// The best approximation of rank `rank` in the Frobenius norm (Eckart and Young), computed in f64.
///
/// D: [m, n]; `rank` is cut to min(m, n). The eigen route costs a fraction of an SVD but squares the condition
/// number; it is used only where its error bound keeps the loss within 0.1 % of the optimum, otherwise the SVD is.
/// U (for m <= n; else V) is orthonormal to rounding, the other factor to 0.1 %; the product is exact either way.
public func truncatedSVD(
  _ d: Matrix<Double>, rank: Int, workers: Workers
) throws(LinearAlgebraError) -> TruncatedSVD {
  let smaller = min(d.rows, d.columns)
  let k = min(max(rank, 0), smaller)
  try d.withView { (d) throws(LinearAlgebraError) in try requireFinite("truncated svd", d) }
  // Below this order an SVD takes no time; at full rank there is no loss that could hide the error.
  if smaller > 32, k < smaller, let result = try truncatedByEigenvalues(d, k, workers) { return result }
  let full = try svd(d, workers: workers)
  let tail = full.values[k...].reduce(0) { $0 + $1 * $1 }
  return TruncatedSVD(
    u: full.u.columns(0..<k), values: Array(full.values[..<k]), vt: full.vt.rows(0..<k),
    tailNorm: tail.squareRoot(), route: .singularValues)
}

/// The eigen route, or nil where it cannot promise the tolerance.
///
/// B = D D^T is formed and decomposed as that of B + E with |E|_2 <= delta = (q + 4p) u |D|_F^2, p = min(m, n),
/// q = max(m, n): summation gives |E| <= q u |D||D|^T, and the solver is backward stable. By the variational
/// principle of Ky Fan the top k eigenvectors of B + E capture all but 2 min(k, p - k) delta of what those of B do.
private func truncatedByEigenvalues(
  _ d: Matrix<Double>, _ k: Int, _ workers: Workers
) throws(LinearAlgebraError) -> TruncatedSVD? {
  let wide = d.rows <= d.columns
  let (p, q) = (min(d.rows, d.columns), max(d.rows, d.columns))
  let total = d.frobeniusNormSquared
  // Squares must neither overflow nor lose digits to underflow.
  guard total.isFinite, total > 1e-200 else { return nil }
  let gram = try syrk(d, transpose: !wide, workers: workers)
  let top = try eigh(gram, largest: k, workers: workers)
  let delta = Double(q + 4 * p) * Double.ulpOfOne / 2 * total
  let slack = Double(min(k, p - k)) * delta
  let kept = top.values.reduce(0) { $0 + max($1, 0) }
  // The difference of two large sums is off by up to one delta per kept value.
  let tail = total - kept
  let leastTail = tail - Double(k + 1) * delta
  let growth = 1 + TruncatedSVD.tolerance
  guard leastTail > 0, 2 * slack + Double(k + 1) * delta <= (growth * growth - 1) * leastTail else {
    return nil
  }
  // s_k^2 is at least the mean of the tail, so no value divided by below is near zero.
  let values = top.values.reversed().map { max($0, 0).squareRoot() }
  guard k == 0 || values[k - 1] > 0 else { return nil }
  var vectors = Matrix<Double>(uninitialisedRows: p, columns: k)
  vectors.withMutableView { target in
    for i in 0..<p { for j in 0..<k { target[i, j] = top.vectors[i, k - 1 - j] } }
  }
  return try project(d, vectors, values, tail: tail, wide: wide, workers)
}

/// The factor that was not computed follows from the one that was: U^T D = diag(s) V^T, or D V = U diag(s).
private func project(
  _ d: Matrix<Double>, _ vectors: Matrix<Double>, _ values: [Double], tail: Double, wide: Bool,
  _ workers: Workers
) throws(LinearAlgebraError) -> TruncatedSVD {
  var u = wide ? vectors : try gemm(d, vectors, workers: workers)
  var vt = wide ? try gemm(vectors, transposeA: true, d, workers: workers) : vectors.transposed()
  u.withMutableView { u in
    vt.withMutableView { vt in
      for (j, value) in values.enumerated() {
        if wide {
          for i in 0..<vt.columns { vt[j, i] /= value }
        } else {
          for i in 0..<u.rows { u[i, j] /= value }
        }
      }
      SignRule.apply(columns: u, rows: vt, workers: workers)
    }
  }
  return TruncatedSVD(u: u, values: values, vt: vt, tailNorm: tail.squareRoot(), route: .eigenvalues)
}
