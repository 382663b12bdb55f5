/// The leading part of A = U diag(s) V^T, and what it leaves out.
public struct TruncatedSVD: Sendable {
  /// Where the singular vectors came from.
  public enum Method: Sendable {
    /// The eigenvectors of A A^T or A^T A.
    case eigenvectors
    /// The whole singular value decomposition.
    case singularVectors
  }

  /// U: [m, k], orthonormal columns, signed by the sign rule.
  public let u: Matrix<Double>
  /// s: k values, descending.
  public let values: [Double]
  /// V^T: [k, n], orthonormal rows.
  public let vt: Matrix<Double>
  /// |A - U diag(s) V^T|_F = sqrt(sum over i > k of s_i^2).
  public let loss: Double
  public let method: Method
}

/// The `rank` leading singular triples of A: [m, n], in f64 whatever A's precision.
///
/// The loss is at most 0.1 % above the least possible one, and the rows of V^T (or, for m > n, the columns of U) are
/// orthogonal within 1e-6. Method: with S = A A^T (A^T A for m > n), formed and decomposed in f64, all that is
/// computed belongs to a matrix within
///
///     e = (max(m, n) + 10 min(m, n)) u |A|_F^2,   u = 2^-53,
///
/// of S in the Frobenius norm: the first term bounds the rounding of the product, the second that of the
/// decomposition. Eigenvectors of S + E lose at most sqrt(2 min(k, n - k)) e more of the trace than those of S, and
/// the computed tail is off by sqrt(n - k) e at most (Hoffman and Wielandt), together less than 3 sqrt(n) e, n the
/// order of S. Where 500 times that is below the tail, and e below 1e-6 s_k^2, the eigenvectors serve; else the
/// singular value decomposition does, which was measured to cost about twice as much.
public func truncatedSVD<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, rank: Int, workers: Workers
) throws(LinearAlgebraError) -> TruncatedSVD {
  let order = min(a.rows, a.columns)
  guard rank >= 0, rank <= order else { throw .shapes(operation: "svd", [[a.rows, a.columns], [rank]]) }
  try requireSize("svd", a)
  try requireFinite("svd", a)
  var wide = Matrix(a).converted(to: Double.self)
  let exponent = wide.scaleForSquares()
  var found: TruncatedSVD?
  if rank < order { found = try fromEigenvectors(wide, rank: rank, workers: workers) }
  let result: TruncatedSVD
  if let found {
    result = found
  } else {
    result = try fromSingularVectors(wide, rank: rank, workers: workers)
  }
  guard exponent != 0 else { return result }
  let unit = Double(sign: .plus, exponent: -exponent, significand: 1)
  return TruncatedSVD(
    u: result.u, values: result.values.map { $0 * unit }, vt: result.vt, loss: result.loss * unit,
    method: result.method)
}

/// The `rank` leading singular triples; see the form on views.
public func truncatedSVD<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, rank: Int, workers: Workers
) throws(LinearAlgebraError) -> TruncatedSVD {
  try a.withView { (a) throws(LinearAlgebraError) in try truncatedSVD(a, rank: rank, workers: workers) }
}

/// Nil where the error bound of the method does not suffice.
private func fromEigenvectors(
  _ a: Matrix<Double>, rank: Int, workers: Workers
) throws(LinearAlgebraError) -> TruncatedSVD? {
  let isTall = a.rows > a.columns
  let (order, inner) = (min(a.rows, a.columns), max(a.rows, a.columns))
  let square = try syrk(a, transpose: isTall, workers: workers)
  let energy = square.diagonal.reduce(0, +)
  let pairs = try eigh(square, largest: rank, workers: workers)
  let error = Double(inner + 10 * order) * 0x1p-53 * energy
  let tail = energy - pairs.values.reduce(0, +)
  guard tail > 0, 1500 * Double(order).squareRoot() * error <= tail,
    error <= 1e-6 * (pairs.values.first ?? energy)
  else {
    return nil
  }
  // The other side's vectors times s: [k, n] for U^T A, [k, m] for V^T A^T.
  let scaled = try gemm(pairs.vectors, transposeA: true, a, transposeB: isTall, workers: workers)
  let norms = (0..<rank).map { index in scaled.rows(index..<index + 1).frobeniusNormSquared.squareRoot() }
  let descending = (0..<rank).sorted { (norms[$0], $0) > (norms[$1], $1) }
  var near = Matrix<Double>(uninitialisedRows: order, columns: rank)
  var far = Matrix<Double>(uninitialisedRows: rank, columns: inner)
  pairs.vectors.withView { source in
    near.withMutableView { near in
      for i in 0..<order {
        for (j, from) in descending.enumerated() { near[i, j] = source[i, from] }
      }
    }
  }
  scaled.withView { source in
    far.withMutableView { far in
      for (i, from) in descending.enumerated() {
        for j in 0..<inner { far[i, j] = source[from, j] / norms[from] }
      }
    }
  }
  var u = isTall ? far.transposed() : near
  var vt = isTall ? near.transposed() : far
  u.withMutableView { u in vt.withMutableView { vt in SignRule.apply(columns: u, rows: vt) } }
  let kept = norms.reduce(0) { $0 + $1 * $1 }
  return TruncatedSVD(
    u: u, values: descending.map { norms[$0] }, vt: vt, loss: max(energy - kept, 0).squareRoot(),
    method: .eigenvectors)
}

private func fromSingularVectors(
  _ a: Matrix<Double>, rank: Int, workers: Workers
) throws(LinearAlgebraError) -> TruncatedSVD {
  let whole = try svd(a, workers: workers)
  let tail = whole.values[rank...].reversed().reduce(0) { $0 + $1 * $1 }
  return TruncatedSVD(
    u: whole.u.columns(0..<rank), values: Array(whole.values[..<rank]), vt: whole.vt.rows(0..<rank),
    loss: tail.squareRoot(), method: .singularVectors)
}

extension Matrix<Double> {
  /// Multiplies by 2^result, so that no square overflows or vanishes; 0 where nothing had to be done.
  fileprivate mutating func scaleForSquares() -> Int {
    let largest = withUnsafeBuffer { buffer in buffer.reduce(0) { Swift.max($0, $1.magnitude) } }
    guard largest > 0, !(-300...300).contains(Int(largest.exponent)) else { return 0 }
    let exponent = -Int(largest.exponent)
    // In two steps: the factor itself may be out of range.
    let half = Double(sign: .plus, exponent: exponent / 2, significand: 1)
    let rest = Double(sign: .plus, exponent: exponent - exponent / 2, significand: 1)
    withUnsafeMutableBuffer { buffer in
      for i in buffer.indices { buffer[i] = buffer[i] * half * rest }
    }
    return exponent
  }
}
