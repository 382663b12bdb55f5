import COpenBLAS

/// Which triangle of a square matrix holds its elements; the other is not read.
public enum Triangle: Sendable {
  case lower, upper
}

/// Where the triangular matrix stands: op(T) X = B or X op(T) = B.
public enum Side: Sendable {
  case left, right
}

/// Solves op(T) X = B, or X op(T) = B on the right side, and writes X over B, on borrowed memory.
///
/// T: [n, n] triangular; B: [n, r], or [r, n] on the right side. Backward stable: each right side is solved for
/// a matrix within n u |T| of T. A zero on the diagonal is an error.
public func solveTriangular<Scalar: RealScalar>(
  _ t: MatrixView<Scalar>, _ triangle: Triangle, transpose: Bool, side: Side = .left,
  _ b: MutableMatrixView<Scalar>, workers: Workers
) throws(LinearAlgebraError) {
  let n = try requireSquare("triangular solve", t)
  guard side == .left ? b.rows == n : b.columns == n else {
    throw .shapes(operation: "triangular solve", [[n, n], [b.rows, b.columns]])
  }
  try requireSize("triangular solve", b.readable)
  for i in 0..<n where t[i, i] == 0 { throw .singular(index: i) }
  let independent = side == .left ? b.columns : b.rows
  let edge = Double(n) * Double(n) * Double(independent) < 0x1p21 ? max(independent, 1) : 128
  let tiling = Tiling(rows: independent, columns: 1, edge: edge)
  workers.forEach(count: tiling.down) { index in
    let range = tiling.rowRange(index)
    let piece = side == .left ? b.part(rows: 0..<n, columns: range) : b.rows(range)
    solve(t, triangle, transpose: transpose, side: side, piece)
  }
}

/// X of op(T) X = B, or of X op(T) = B on the right side, as a new matrix.
public func solveTriangular<Scalar: RealScalar>(
  _ t: Matrix<Scalar>, _ triangle: Triangle, transpose: Bool, side: Side = .left, _ b: Matrix<Scalar>,
  workers: Workers
) throws(LinearAlgebraError) -> Matrix<Scalar> {
  var x = b
  try x.withMutableView { (x) throws(LinearAlgebraError) in
    try t.withView { (t) throws(LinearAlgebraError) in
      try solveTriangular(t, triangle, transpose: transpose, side: side, x, workers: workers)
    }
  }
  return x
}

/// One piece: sizes and diagonal have been checked.
func solve<Scalar: RealScalar>(
  _ t: MatrixView<Scalar>, _ triangle: Triangle, transpose: Bool, side: Side, _ b: MutableMatrixView<Scalar>
) {
  guard b.rows > 0, b.columns > 0 else { return }
  Scalar.routines.trsm(
    CblasRowMajor, side == .left ? CblasLeft : CblasRight, triangle == .lower ? CblasLower : CblasUpper,
    transpose ? CblasTrans : CblasNoTrans, CblasNonUnit, Int32(b.rows), Int32(b.columns), 1, t.base,
    t.leading,
    b.base, b.readable.leading)
}
