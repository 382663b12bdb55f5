/// A Cholesky factor of a matrix to whose diagonal a ridge was added.
public struct RidgedCholesky<Scalar: RealScalar>: Sendable {
  /// L: [n, n] lower triangular, A + ridge I = L L^T.
  public let factor: Matrix<Scalar>
  /// What was added to the diagonal; 0 for a matrix that needed nothing.
  public let ridge: Scalar
}

/// A + ridge I = L L^T with the first ridge of a ladder that works; A may be semi-definite.
///
/// The ladder is 0, then n u m 10^j for j = 0, 1, 2, ..., m the mean of |A_ii| (1 if that is 0), and no rung but 0
/// is below the smallest normal number. A rung works when every pivot exceeds n u A_jj: below that it is what
/// rounding left over, and a solve with L would amplify noise. Ends with `notPositiveDefinite` once the ridge
/// exceeds m: such a matrix is truly indefinite.
public func choleskyWithRidge<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, workers: Workers
) throws(LinearAlgebraError) -> RidgedCholesky<Scalar> {
  let n = a.rows
  _ = try a.withView { (a) throws(LinearAlgebraError) in try requireSquare("cholesky", a) }
  let mean = a.diagonal.reduce(0) { $0 + abs($1) / Scalar(max(n, 1)) }
  let scale = mean > 0 ? mean : 1
  let unit = Scalar(max(n, 1)) * Scalar.ulpOfOne / 2
  // A product that underflows to 0 would never climb.
  let first = max(unit * scale, Scalar.leastNormalMagnitude)
  var ridge: Scalar = 0
  while true {
    do throws(LinearAlgebraError) {
      return try ridged(a, ridge: ridge, pivotFloor: unit, workers: workers)
    } catch .notPositiveDefinite(let order) {
      ridge = ridge == 0 ? first : ridge * 10
      guard ridge <= max(scale, first) else { throw .notPositiveDefinite(order: order) }
    }
  }
}

private func ridged<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, ridge: Scalar, pivotFloor: Scalar, workers: Workers
) throws(LinearAlgebraError) -> RidgedCholesky<Scalar> {
  var l = a
  let shifted = a.diagonal.map { $0 + ridge }
  try l.withMutableView { (l) throws(LinearAlgebraError) in
    for (i, value) in shifted.enumerated() { l[i, i] = value }
    try cholesky(inPlace: l, workers: workers)
    for (i, value) in shifted.enumerated() where l[i, i] * l[i, i] <= pivotFloor * value {
      throw LinearAlgebraError.notPositiveDefinite(order: i + 1)
    }
  }
  return RidgedCholesky(factor: l, ridge: ridge)
}
