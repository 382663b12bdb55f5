/// A = Q R, thin, with a non-negative diagonal of R.
public struct QRDecomposition<Scalar: RealScalar>: Sendable {
  /// Q: [m, k], orthonormal columns, k = min(m, n).
  public let q: Matrix<Scalar>
  /// R: [k, n], upper triangular or trapezoidal.
  public let r: Matrix<Scalar>
}

/// A = Q R, thin, on borrowed memory.
///
/// A: [m, n], Q: [m, k], R: [k, n], k = min(m, n); R_ii >= 0, which makes the result unique for full column rank.
/// Method: Householder (LAPACK ?gelqf of the transpose, which row-major memory already is).
public func qr<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, q: MutableMatrixView<Scalar>, r: MutableMatrixView<Scalar>
) throws(LinearAlgebraError) {
  let (rows, columns, k) = (a.rows, a.columns, min(a.rows, a.columns))
  guard q.rows == rows, q.columns == k, r.rows == k, r.columns == columns else {
    throw .shapes(operation: "qr", [[rows, columns], [q.rows, q.columns], [r.rows, r.columns]])
  }
  for view in [a, q.readable, r.readable] { try requireSize("qr", view) }
  try requireFinite("qr", a)
  guard k > 0 else { return }
  let size = 64 * max(rows, columns)
  guard size <= Int(Int32.max) else { throw .tooLarge(operation: "qr", rows: rows, columns: columns) }
  var copy = Matrix(a)
  try copy.withMutableView { (copy) throws(LinearAlgebraError) in
    let work = UnsafeMutablePointer<Scalar>.allocate(capacity: size)
    let tau = UnsafeMutablePointer<Scalar>.allocate(capacity: k)
    defer {
      work.deallocate()
      tau.deallocate()
    }
    var (m, n, count, workSize) = (Int32(columns), Int32(rows), Int32(k), Int32(size))
    var (stride, strideQ, info) = (Int32(columns), q.readable.leading, Int32(0))
    Scalar.routines.gelqf(&m, &n, copy.base, &stride, tau, work, &workSize, &info)
    guard info == 0 else {
      throw LinearAlgebraError.invalidArgument(operation: "gelqf", argument: Int(-info))
    }
    q.copy(from: copy.readable.part(rows: 0..<rows, columns: 0..<k))
    r.copy(from: copy.readable.rows(0..<k))
    for i in 0..<k { (r.base + i * r.rowStride).update(repeating: 0, count: i) }
    Scalar.routines.orglq(&count, &n, &count, q.base, &strideQ, tau, work, &workSize, &info)
    guard info == 0 else {
      throw LinearAlgebraError.invalidArgument(operation: "orglq", argument: Int(-info))
    }
  }
  makeDiagonalNonNegative(q, r)
}

/// The thin QR decomposition; see the form on views.
public func qr<Scalar: RealScalar>(
  _ a: Matrix<Scalar>
) throws(LinearAlgebraError) -> QRDecomposition<Scalar> {
  let k = min(a.rows, a.columns)
  var q = Matrix<Scalar>(uninitialisedRows: a.rows, columns: k)
  var r = Matrix<Scalar>(uninitialisedRows: k, columns: a.columns)
  try q.withMutableView { (q) throws(LinearAlgebraError) in
    try r.withMutableView { (r) throws(LinearAlgebraError) in
      try a.withView { (a) throws(LinearAlgebraError) in try qr(a, q: q, r: r) }
    }
  }
  return QRDecomposition(q: q, r: r)
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func makeDiagonalNonNegative<Scalar: RealScalar>(
  _ q: MutableMatrixView<Scalar>, _ r: MutableMatrixView<Scalar>
) {
  // Row by row: a column of a row-major matrix misses the cache at every element.
  let negative = (0..<r.rows).filter { r[$0, $0] < 0 }
  for i in negative {
    for j in i..<r.columns { r[i, j] = -r[i, j] }
  }
  for row in 0..<q.rows {
    for i in negative { q[row, i] = -q[row, i] }
  }
}
