/// A = U diag(s) V^T, thin: k = min(m, n) singular values.
public struct SingularValueDecomposition<Scalar: RealScalar>: Sendable {
  /// U: [m, k], orthonormal columns, signed by the sign rule.
  public let u: Matrix<Scalar>
  /// s: k values, descending.
  public let values: [Scalar]
  /// V^T: [k, n], orthonormal rows.
  public let vt: Matrix<Scalar>
}

/// A = U diag(s) V^T, thin, on borrowed memory.
///
/// A: [m, n], U: [m, k], `values`: k, descending, V^T: [k, n], k = min(m, n). In each column of U the entry of largest
/// magnitude is positive. Errors: |s - exact| <= c u s_1, c a slowly growing function of m and n.
/// Method: divide and conquer (LAPACK ?gesdd), or QR iteration (?gesvd) where that does not converge or fit.
public func svd<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, u: MutableMatrixView<Scalar>, values: UnsafeMutableBufferPointer<Scalar>,
  vt: MutableMatrixView<Scalar>, workers: Workers
) throws(LinearAlgebraError) {
  let (m, n, k) = (a.rows, a.columns, min(a.rows, a.columns))
  guard u.rows == m, u.columns == k, values.count == k, vt.rows == k, vt.columns == n else {
    throw .shapes(operation: "svd", [[m, n], [u.rows, u.columns], [values.count], [vt.rows, vt.columns]])
  }
  for view in [a, u.readable, vt.readable] { try requireSize("svd", view) }
  try requireFinite("svd", a)
  guard k > 0, let s = values.baseAddress else { return }
  if try !decompose(a, u, s, vt, method: .divideAndConquer),
    try !decompose(a, u, s, vt, method: .qrIteration)
  {
    throw .noConvergence(operation: "svd")
  }
  SignRule.apply(columns: u, rows: vt, workers: workers)
}

/// The thin singular value decomposition; see the form on views.
public func svd<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, workers: Workers
) throws(LinearAlgebraError) -> SingularValueDecomposition<Scalar> {
  let k = min(a.rows, a.columns)
  var u = Matrix<Scalar>(uninitialisedRows: a.rows, columns: k)
  var vt = Matrix<Scalar>(uninitialisedRows: k, columns: a.columns)
  var values = [Scalar](repeating: 0, count: k)
  try u.withMutableView { (u) throws(LinearAlgebraError) in
    try vt.withMutableView { (vt) throws(LinearAlgebraError) in
      try values.withUnsafeMutableBufferPointer { (values) throws(LinearAlgebraError) in
        try a.withView { (a) throws(LinearAlgebraError) in
          try svd(a, u: u, values: values, vt: vt, workers: workers)
        }
      }
    }
  }
  return SingularValueDecomposition(u: u, values: values, vt: vt)
}

package enum SVDMethod {
  case divideAndConquer, qrIteration
}

/// Runs LAPACK on a copy of `a`; false when it does not converge or its workspace cannot be counted.
///
/// A row-major is its transpose column-major, A^T = V diag(s) U^T: the two factors change places.
package func decompose<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, _ u: MutableMatrixView<Scalar>, _ s: UnsafeMutablePointer<Scalar>,
  _ vt: MutableMatrixView<Scalar>, method: SVDMethod
) throws(LinearAlgebraError) -> Bool {
  var copy = Matrix(a)
  let (low, high) = (min(a.rows, a.columns), max(a.rows, a.columns))
  // The manual's sizes plus room for blocks of 64 columns.
  let size =
    method == .divideAndConquer ? 4 * low * low + 7 * low + 64 * (low + high) : 5 * low + 66 * (low + high)
  guard size <= Int(Int32.max) else {
    guard method == .divideAndConquer else {
      throw .tooLarge(operation: "svd", rows: a.rows, columns: a.columns)
    }
    return false
  }
  let work = UnsafeMutablePointer<Scalar>.allocate(capacity: size)
  let integerWork = UnsafeMutablePointer<Int32>.allocate(capacity: 8 * low)
  defer {
    work.deallocate()
    integerWork.deallocate()
  }
  var (m, n, stride) = (Int32(a.columns), Int32(a.rows), Int32(a.columns))
  var (strideV, strideU, workSize) = (vt.readable.leading, u.readable.leading, Int32(size))
  var info: Int32 = 0
  copy.withMutableView { copy in
    switch method {
    case .divideAndConquer:
      Scalar.routines.gesdd(
        "S", &m, &n, copy.base, &stride, s, vt.base, &strideV, u.base, &strideU, work, &workSize, integerWork,
        &info, 1)
    case .qrIteration:
      Scalar.routines.gesvd(
        "S", "S", &m, &n, copy.base, &stride, s, vt.base, &strideV, u.base, &strideU, work, &workSize, &info,
        1, 1)
    }
  }
  guard info >= 0 else { throw .invalidArgument(operation: "svd", argument: Int(-info)) }
  return info == 0
}
