import COpenBLAS

/// C = alpha A A^T + beta C, or with `transpose` alpha A^T A + beta C, on borrowed memory.
///
/// A: [n, k], or [k, n] with `transpose`; C: [n, n]. Only C's lower triangle is read; both are written, exactly
/// symmetric. C must not overlap A.
public func syrk<Scalar: RealScalar>(
  alpha: Scalar = 1, _ a: MatrixView<Scalar>, transpose: Bool, beta: Scalar = 0,
  into c: MutableMatrixView<Scalar>, workers: Workers
) throws(LinearAlgebraError) {
  let (n, k) = transpose ? (a.columns, a.rows) : (a.rows, a.columns)
  guard c.rows == n, c.columns == n else {
    throw .shapes(operation: "syrk", [[n, k], [c.rows, c.columns]])
  }
  for view in [a, c.readable] { try requireSize("syrk", view) }
  let tiling = Tiling(rows: n, columns: n, depth: k)
  let tiles = tiling.lowerTriangle
  workers.forEach(count: tiles.count) { index in
    let (rows, columns) = (tiling.rowRange(tiles[index].row), tiling.columnRange(tiles[index].column))
    let left = transpose ? a.part(rows: 0..<k, columns: rows) : a.part(rows: rows, columns: 0..<k)
    let right = transpose ? a.part(rows: 0..<k, columns: columns) : a.part(rows: columns, columns: 0..<k)
    let target = c.part(rows: rows, columns: columns)
    if rows == columns {
      multiplyBySelf(alpha, left, transpose, beta, target)
    } else {
      multiply(alpha, left, transpose, right, !transpose, beta, target)
    }
  }
  c.mirrorLowerTriangle(workers: workers)
}

/// alpha A A^T, or with `transpose` alpha A^T A, as a new matrix.
public func syrk<Scalar: RealScalar>(
  alpha: Scalar = 1, _ a: Matrix<Scalar>, transpose: Bool, workers: Workers
) throws(LinearAlgebraError) -> Matrix<Scalar> {
  let order = transpose ? a.columns : a.rows
  var c = Matrix<Scalar>(uninitialisedRows: order, columns: order)
  try c.withMutableView { (c) throws(LinearAlgebraError) in
    try a.withView { (a) throws(LinearAlgebraError) in
      try syrk(alpha: alpha, a, transpose: transpose, into: c, workers: workers)
    }
  }
  return c
}

/// The lower triangle of one piece on the diagonal: sizes have been checked. Costs little more than half of `multiply`.
func multiplyBySelf<Scalar: RealScalar>(
  _ alpha: Scalar, _ a: MatrixView<Scalar>, _ transpose: Bool, _ beta: Scalar, _ c: MutableMatrixView<Scalar>
) {
  guard c.rows > 0 else { return }
  Scalar.routines.syrk(
    CblasRowMajor, CblasLower, transpose ? CblasTrans : CblasNoTrans, Int32(c.rows),
    Int32(transpose ? a.rows : a.columns), alpha, a.base, a.leading, beta, c.base, c.readable.leading)
}

extension MutableMatrixView {
  /// Copies the lower triangle of a square matrix to the upper one.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func mirrorLowerTriangle(workers: Workers) {
    let tiling = Tiling(rows: rows, columns: rows, edge: 256)
    let tiles = tiling.lowerTriangle
    workers.forEach(count: tiles.count) { index in
      let (down, across) = (tiling.rowRange(tiles[index].row), tiling.columnRange(tiles[index].column))
      if tiles[index].row > tiles[index].column {
        readable.part(rows: down, columns: across).transpose(into: part(rows: across, columns: down))
      } else {
        for i in down {
          for j in across.lowerBound..<i { self[j, i] = self[i, j] }
        }
      }
    }
  }
}
