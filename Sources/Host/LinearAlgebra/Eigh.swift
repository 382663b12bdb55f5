/// A = V diag(w) V^T of a symmetric matrix.
public struct Eigendecomposition<Scalar: RealScalar>: Sendable {
  /// w, ascending.
  public let values: [Scalar]
  /// V: [n, count], an orthonormal eigenvector per column, signed by the sign rule.
  public let vectors: Matrix<Scalar>
}

/// The largest eigenvalues, and their eigenvectors when `vectors` is given, of a symmetric matrix on borrowed memory.
///
/// A: [n, n], of which only the lower triangle is read. `values`: k <= n of them, ascending. `vectors`: [n, k], one
/// per column; in each the entry of largest magnitude is positive. Errors: |w - exact| <= c n u |A|_2, with c small.
/// Method: tridiagonalisation, then divide and conquer (LAPACK ?syevd), for all eigenvectors whatever k is: for
/// k = n / 2 the routine that computes only those (?syevr) was measured to be slower.
public func eigh<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, values: UnsafeMutableBufferPointer<Scalar>, vectors: MutableMatrixView<Scalar>?,
  workers: Workers
) throws(LinearAlgebraError) {
  let order = try requireSquare("eigh", a)
  let count = values.count
  guard count <= order, vectors == nil || (vectors?.rows == order && vectors?.columns == count) else {
    throw .shapes(operation: "eigh", [[order, order], [count]])
  }
  try requireFiniteLowerTriangle("eigh", a)
  guard count > 0 else { return }
  // LAPACK works in place: in the vectors' memory where all fit, else in a copy that is thrown away.
  let whole = count == order ? vectors : nil
  var spare = Matrix<Scalar>(uninitialisedRows: whole == nil ? order : 0, columns: order)
  var all = [Scalar](repeating: 0, count: order)
  try spare.withMutableView { (spare) throws(LinearAlgebraError) in
    let work = whole ?? spare
    work.copy(from: a)
    try all.withUnsafeMutableBufferPointer { (all) throws(LinearAlgebraError) in
      if let w = all.baseAddress { try syevd(work, w, wantsVectors: vectors != nil) }
    }
    for i in 0..<count { values[i] = all[order - count + i] }
    guard let vectors else { return }
    if let whole {
      whole.transposeInPlace(workers: workers)
    } else {
      work.readable.rows(order - count..<order).transpose(into: vectors)
    }
    SignRule.apply(columns: vectors, rows: nil)
  }
}

/// The `count` largest eigenvalues, ascending, and their eigenvectors; all without `count`. See the form on views.
public func eigh<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, largest count: Int? = nil, workers: Workers
) throws(LinearAlgebraError) -> Eigendecomposition<Scalar> {
  let count = count ?? a.rows
  guard count >= 0, count <= a.rows else {
    throw .shapes(operation: "eigh", [[a.rows, a.columns], [count]])
  }
  var values = [Scalar](repeating: 0, count: count)
  var vectors = Matrix<Scalar>(uninitialisedRows: a.rows, columns: count)
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
