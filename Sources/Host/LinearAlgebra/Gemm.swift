import COpenBLAS

/// C = alpha op(A) op(B) + beta C, on borrowed memory.
///
/// op(A): [m, k], op(B): [k, n], C: [m, n], where op transposes when asked to. C must not overlap A or B. With
/// beta = 0, C is written and never read. Error per element at most (k + 2) u |alpha| |A||B|, u the unit roundoff.
public func gemm<Scalar: RealScalar>(
  alpha: Scalar = 1, _ a: MatrixView<Scalar>, transposeA: Bool = false, _ b: MatrixView<Scalar>,
  transposeB: Bool = false, beta: Scalar = 0, into c: MutableMatrixView<Scalar>, workers: Workers
) throws(LinearAlgebraError) {
  let (m, k) = transposeA ? (a.columns, a.rows) : (a.rows, a.columns)
  let (inner, n) = transposeB ? (b.columns, b.rows) : (b.rows, b.columns)
  guard inner == k, c.rows == m, c.columns == n else {
    throw .shapes(operation: "gemm", [[m, k], [inner, n], [c.rows, c.columns]])
  }
  for view in [a, b, c.readable] { try requireSize("gemm", view) }
  let tiling = Tiling(rows: m, columns: n, depth: k)
  workers.forEach(count: tiling.count) { index in
    let (rows, columns) = tiling[index]
    multiply(
      alpha, transposeA ? a.part(rows: 0..<k, columns: rows) : a.part(rows: rows, columns: 0..<k), transposeA,
      transposeB ? b.part(rows: columns, columns: 0..<k) : b.part(rows: 0..<k, columns: columns), transposeB,
      beta, c.part(rows: rows, columns: columns))
  }
}

/// C = alpha op(A) op(B) + beta C; see the form on views.
public func gemm<Scalar: RealScalar>(
  alpha: Scalar = 1, _ a: Matrix<Scalar>, transposeA: Bool = false, _ b: Matrix<Scalar>,
  transposeB: Bool = false, beta: Scalar, into c: inout Matrix<Scalar>, workers: Workers
) throws(LinearAlgebraError) {
  try c.withMutableView { (c) throws(LinearAlgebraError) in
    try a.withView { (a) throws(LinearAlgebraError) in
      try b.withView { (b) throws(LinearAlgebraError) in
        try gemm(
          alpha: alpha, a, transposeA: transposeA, b, transposeB: transposeB, beta: beta, into: c,
          workers: workers)
      }
    }
  }
}

/// alpha op(A) op(B) as a new matrix.
public func gemm<Scalar: RealScalar>(
  alpha: Scalar = 1, _ a: Matrix<Scalar>, transposeA: Bool = false, _ b: Matrix<Scalar>,
  transposeB: Bool = false, workers: Workers
) throws(LinearAlgebraError) -> Matrix<Scalar> {
  var c = Matrix<Scalar>(
    uninitialisedRows: transposeA ? a.columns : a.rows, columns: transposeB ? b.rows : b.columns)
  try gemm(
    alpha: alpha, a, transposeA: transposeA, b, transposeB: transposeB, beta: 0, into: &c, workers: workers)
  return c
}

/// One piece: sizes have been checked.
func multiply<Scalar: RealScalar>(
  _ alpha: Scalar, _ a: MatrixView<Scalar>, _ transposeA: Bool, _ b: MatrixView<Scalar>, _ transposeB: Bool,
  _ beta: Scalar, _ c: MutableMatrixView<Scalar>
) {
  guard c.rows > 0, c.columns > 0 else { return }
  let k = transposeA ? a.rows : a.columns
  // A product would pack the whole matrix to use each element once.
  if c.rows == 1, k > 0 {
    return multiply(alpha, b, !transposeB, a.base, transposeA ? a.leading : 1, beta, c, 1)
  }
  if c.columns == 1, k > 0 {
    return multiply(alpha, a, transposeA, b.base, transposeB ? 1 : b.leading, beta, c, c.readable.leading)
  }
  Scalar.routines.gemm(
    CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
    Int32(c.rows), Int32(c.columns), Int32(k), alpha, a.base, a.leading, b.base,
    b.leading, beta, c.base, c.readable.leading)
}

/// y = alpha op(A) x + beta y, y the one row or column of `c`.
private func multiply<Scalar: RealScalar>(
  _ alpha: Scalar, _ a: MatrixView<Scalar>, _ transpose: Bool, _ x: UnsafePointer<Scalar>, _ strideX: Int32,
  _ beta: Scalar, _ c: MutableMatrixView<Scalar>, _ strideY: Int32
) {
  // Whether 0 times NaN is 0 in ?gemv differs between versions of OpenBLAS.
  if beta == 0 { c.fill(0) }
  Scalar.routines.gemv(
    CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, Int32(a.rows), Int32(a.columns), alpha, a.base,
    a.leading,
    x, strideX, beta == 0 ? 1 : beta, c.base, strideY)
}

extension MatrixView {
  /// The row stride as BLAS takes it: at least 1.
  var leading: Int32 { Int32(max(rowStride, 1)) }
}

/// Refuses sizes that do not fit the 32-bit integers of BLAS and LAPACK.
func requireSize<Scalar>(_ operation: String, _ view: MatrixView<Scalar>) throws(LinearAlgebraError) {
  guard max(view.rows, view.rowStride) <= Int(Int32.max) else {
    throw .tooLarge(operation: operation, rows: view.rows, columns: view.columns)
  }
}

/// Refuses NaN and infinity, which LAPACK answers with endless loops or nonsense.
func requireFinite<Scalar>(_ operation: String, _ view: MatrixView<Scalar>) throws(LinearAlgebraError) {
  let count = view.nonFiniteCount
  guard count == 0 else { throw .notFinite(operation: operation, count: count) }
}

/// Refuses all but square matrices, and returns the order.
func requireSquare<Scalar>(
  _ operation: String, _ view: MatrixView<Scalar>
) throws(LinearAlgebraError) -> Int {
  guard view.rows == view.columns else {
    throw .shapes(operation: operation, [[view.rows, view.columns]])
  }
  try requireSize(operation, view)
  return view.rows
}
