/// A = V diag(w) V^T of a symmetric matrix.
public struct Eigendecomposition<Scalar: RealScalar>: Sendable {
  /// w, ascending.
  public let values: [Scalar]
  /// V: [n, count], an orthonormal eigenvector per column, signed by the sign rule.
  public let vectors: Matrix<Scalar>
}

/// Eigenvalues, and eigenvectors when `vectors` is given, of a symmetric matrix on borrowed memory.
///
/// A: [n, n], of which only the lower triangle is read. `values`: n, ascending. `vectors`: [n, n], one per column; in
/// each the entry of largest magnitude is positive. Errors: |w - exact| <= c n u |A|_2, with c small.
/// Method: tridiagonalisation, then divide and conquer (LAPACK ?syevd).
public func eigh<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, values: UnsafeMutableBufferPointer<Scalar>, vectors: MutableMatrixView<Scalar>?,
  workers: Workers
) throws(LinearAlgebraError) {
  let order = try requireSquare("eigh", a)
  guard values.count == order, vectors == nil || (vectors?.rows == order && vectors?.columns == order) else {
    throw .shapes(operation: "eigh", [[order, order], [values.count]])
  }
  try requireFiniteLowerTriangle("eigh", a)
  guard order > 0, let w = values.baseAddress else { return }
  // LAPACK works in place: in the vectors' memory, or in a copy that is thrown away.
  var spare = Matrix<Scalar>(uninitialisedRows: vectors == nil ? order : 0, columns: order)
  try spare.withMutableView { (spare) throws(LinearAlgebraError) in
    let work = vectors ?? spare
    work.copy(from: a)
    try syevd(work, w, wantsVectors: vectors != nil)
    guard let vectors else { return }
    vectors.transposeInPlace(workers: workers)
    SignRule.apply(columns: vectors, rows: nil, workers: workers)
  }
}

/// All eigenvalues and eigenvectors; see the form on views.
public func eigh<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, workers: Workers
) throws(LinearAlgebraError) -> Eigendecomposition<Scalar> {
  var values = [Scalar](repeating: 0, count: a.rows)
  var vectors = Matrix<Scalar>(uninitialisedRows: a.rows, columns: a.rows)
  try values.withUnsafeMutableBufferPointer { (values) throws(LinearAlgebraError) in
    try vectors.withMutableView { (vectors) throws(LinearAlgebraError) in
      try a.withView { (a) throws(LinearAlgebraError) in
        try eigh(a, values: values, vectors: vectors, workers: workers)
      }
    }
  }
  return Eigendecomposition(values: values, vectors: vectors)
}

/// The eigenvalues alone, ascending.
public func eigenvalues<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, workers: Workers
) throws(LinearAlgebraError) -> [Scalar] {
  var values = [Scalar](repeating: 0, count: a.rows)
  try values.withUnsafeMutableBufferPointer { (values) throws(LinearAlgebraError) in
    try a.withView { (a) throws(LinearAlgebraError) in
      try eigh(a, values: values, vectors: nil, workers: workers)
    }
  }
  return values
}

/// Runs ?syevd on the lower triangle of `a`; eigenvectors come out in its rows.
private func syevd<Scalar: RealScalar>(
  _ a: MutableMatrixView<Scalar>, _ w: UnsafeMutablePointer<Scalar>, wantsVectors: Bool
) throws(LinearAlgebraError) {
  // The sizes of the manual, computed here: the routine reports them rounded to a float, and then rejects them.
  let n = a.rows
  let needed = wantsVectors ? 1 + 6 * n + 2 * n * n : 2 * n + 1
  let size = max(needed, 66 * n)
  let integers = wantsVectors ? 3 + 5 * n : 1
  guard size <= Int(Int32.max) else { throw .tooLarge(operation: "eigh", rows: n, columns: n) }
  let work = UnsafeMutablePointer<Scalar>.allocate(capacity: size)
  let integerWork = UnsafeMutablePointer<Int32>.allocate(capacity: integers)
  defer {
    work.deallocate()
    integerWork.deallocate()
  }
  var (order, stride, workSize, integerSize) = (Int32(n), a.readable.leading, Int32(size), Int32(integers))
  var info: Int32 = 0
  Scalar.routines.syevd(
    wantsVectors ? "V" : "N", "U", &order, a.base, &stride, w, work, &workSize, integerWork, &integerSize,
    &info,
    1, 1)
  guard info >= 0 else { throw .invalidArgument(operation: "syevd", argument: Int(-info)) }
  guard info == 0 else { throw .noConvergence(operation: "eigh") }
}

extension MutableMatrixView {
  /// Exchanges rows and columns of a square matrix.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func transposeInPlace(workers: Workers) {
    let tiling = Tiling(rows: rows, columns: rows, edge: 64)
    let tiles = tiling.lowerTriangle
    workers.forEach(count: tiles.count) { index in
      let tile = tiles[index]
      let (down, across) = (tiling.rowRange(tile.row), tiling.columnRange(tile.column))
      for i in down {
        for j in across.lowerBound..<min(across.upperBound, i) {
          let upper = self[j, i]
          self[j, i] = self[i, j]
          self[i, j] = upper
        }
      }
    }
  }
}
