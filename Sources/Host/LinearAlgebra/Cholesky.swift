/// A = L L^T in place, on borrowed memory: the lower triangle of A becomes L, the upper one zeros.
///
/// A: [n, n] symmetric positive definite, of which only the lower triangle is read. Backward stable:
/// |A - L L^T| <= (n + 1) u |L||L|^T. On `notPositiveDefinite` A holds nothing of use.
public func cholesky<Scalar: RealScalar>(
  inPlace a: MutableMatrixView<Scalar>, workers: Workers
) throws(LinearAlgebraError) {
  let n = try requireSquare("cholesky", a.readable)
  try requireFiniteLowerTriangle("cholesky", a.readable)
  // Right-looking by block columns: factor the diagonal block, solve the panel below it, update what remains.
  let width = 256
  for start in stride(from: 0, to: n, by: width) {
    let block = start..<min(start + width, n)
    let diagonal = a.part(rows: block, columns: block)
    try factor(diagonal, offset: start)
    let rest = n - block.upperBound
    let panel = a.part(rows: block.upperBound..<n, columns: block)
    let trailing = a.part(rows: block.upperBound..<n, columns: block.upperBound..<n)
    let tiling = Tiling(rows: rest, columns: rest, edge: width)
    workers.forEach(count: tiling.down) { index in
      solve(diagonal.readable, .lower, transpose: true, side: .right, panel.rows(tiling.rowRange(index)))
    }
    let tiles = tiling.lowerTriangle
    workers.forEach(count: tiles.count) { index in
      let (down, across) = (tiling.rowRange(tiles[index].row), tiling.columnRange(tiles[index].column))
      multiply(
        -1, panel.readable.rows(down), false, panel.readable.rows(across), true, 1,
        trailing.part(rows: down, columns: across))
    }
  }
  for i in 0..<n { (a.base + i * a.rowStride + i + 1).update(repeating: 0, count: n - i - 1) }
}

/// L of A = L L^T; see the form on views.
public func cholesky<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, workers: Workers
) throws(LinearAlgebraError) -> Matrix<Scalar> {
  var l = a
  try l.withMutableView { (l) throws(LinearAlgebraError) in try cholesky(inPlace: l, workers: workers) }
  return l
}

/// Factors one diagonal block, whose first row is row `offset` of the whole.
private func factor<Scalar: RealScalar>(
  _ a: MutableMatrixView<Scalar>, offset: Int
) throws(LinearAlgebraError) {
  // Row-major lower is column-major upper.
  var n = Int32(a.rows)
  var stride = a.readable.leading
  var info: Int32 = 0
  Scalar.routines.potrf("U", &n, a.base, &stride, &info, 1)
  guard info >= 0 else { throw .invalidArgument(operation: "potrf", argument: Int(-info)) }
  guard info == 0 else { throw .notPositiveDefinite(order: offset + Int(info)) }
}

/// Refuses NaN and infinity on and below the diagonal of a square matrix.
func requireFiniteLowerTriangle<Scalar: RealScalar>(
  _ operation: String, _ a: MatrixView<Scalar>
) throws(LinearAlgebraError) {
  let count = (0..<a.rows).reduce(0) {
    $0 + Scalar.routines.countNonFinite(a.base + $1 * a.rowStride, $1 + 1)
  }
  guard count == 0 else { throw .notFinite(operation: operation, count: count) }
}
