/// The `count` largest eigenvalues of a symmetric matrix and their eigenvectors, on borrowed memory.
///
/// A: [n, n], of which only the lower triangle is read. `values`: count, ascending. `vectors`: [n, count], one per
/// column, signed as in `eigh`. A small share is computed alone (LAPACK ?syevr), a large one cut from the whole.
public func eigh<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, largest count: Int, values: UnsafeMutableBufferPointer<Scalar>,
  vectors: MutableMatrixView<Scalar>, workers: Workers
) throws(LinearAlgebraError) {
  let order = try requireSquare("eigh", a)
  guard count >= 0, count <= order, values.count == count, vectors.rows == order, vectors.columns == count
  else {
    throw .shapes(operation: "eigh", [[order, order], [values.count], [vectors.rows, vectors.columns]])
  }
  guard count > 0 else { return }
  if count == order { return try eigh(a, values: values, vectors: vectors, workers: workers) }
  if count <= order / 8, try eighAlone(a, values, vectors, workers) { return }
  let all = try eigh(Matrix(a), workers: workers)
  _ = values.update(fromContentsOf: all.values[(order - count)...])
  all.vectors.withView {
    vectors.copy(from: $0.part(rows: 0..<order, columns: order - count..<order))
  }
}

/// The pairs without the rest; false when that does not converge.
private func eighAlone<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, _ values: UnsafeMutableBufferPointer<Scalar>, _ vectors: MutableMatrixView<Scalar>,
  _ workers: Workers
) throws(LinearAlgebraError) -> Bool {
  guard let w = values.baseAddress else { return true }
  try requireFiniteLowerTriangle("eigh", a)
  var rows = Matrix<Scalar>(uninitialisedRows: vectors.columns, columns: a.rows)
  let converged = try rows.withMutableView { (rows) throws(LinearAlgebraError) in
    let converged = try syevr(a, w, rows)
    rows.readable.transpose(into: vectors)
    return converged
  }
  SignRule.apply(columns: vectors, rows: nil, workers: workers)
  return converged
}

/// The `count` largest eigenvalues and their eigenvectors; see the form on views.
public func eigh<Scalar: RealScalar>(
  _ a: Matrix<Scalar>, largest count: Int, workers: Workers
) throws(LinearAlgebraError) -> Eigendecomposition<Scalar> {
  guard count >= 0, count <= a.rows else {
    throw .shapes(operation: "eigh", [[a.rows, a.columns], [count]])
  }
  var values = [Scalar](repeating: 0, count: count)
  var vectors = Matrix<Scalar>(uninitialisedRows: a.rows, columns: count)
  try values.withUnsafeMutableBufferPointer { (values) throws(LinearAlgebraError) in
    try vectors.withMutableView { (vectors) throws(LinearAlgebraError) in
      try a.withView { (a) throws(LinearAlgebraError) in
        try eigh(a, largest: count, values: values, vectors: vectors, workers: workers)
      }
    }
  }
  return Eigendecomposition(values: values, vectors: vectors)
}

/// Runs ?syevr for the largest eigenvalues, eigenvectors into the rows of `vectors`; false when it does not converge.
private func syevr<Scalar: RealScalar>(
  _ a: MatrixView<Scalar>, _ w: UnsafeMutablePointer<Scalar>, _ vectors: MutableMatrixView<Scalar>
) throws(LinearAlgebraError) -> Bool {
  let n = a.rows
  let (size, integers) = (70 * n, 10 * n)
  guard size <= Int(Int32.max) else { throw .tooLarge(operation: "eigh", rows: n, columns: n) }
  let work = UnsafeMutablePointer<Scalar>.allocate(capacity: size)
  let integerWork = UnsafeMutablePointer<Int32>.allocate(capacity: integers)
  let support = UnsafeMutablePointer<Int32>.allocate(capacity: 2 * n)
  // The routine uses all n places for values, however few are asked for.
  let allValues = UnsafeMutablePointer<Scalar>.allocate(capacity: n)
  defer {
    work.deallocate()
    integerWork.deallocate()
    support.deallocate()
    allValues.deallocate()
  }
  var copy = Matrix(a)
  var (order, stride, workSize, integerSize) = (Int32(n), Int32(n), Int32(size), Int32(integers))
  var (first, last, found, info) = (Int32(n - vectors.rows + 1), Int32(n), Int32(0), Int32(0))
  var (unusedLow, unusedHigh, tolerance) = (Scalar.zero, Scalar.zero, Scalar.zero)
  var vectorStride = vectors.readable.leading
  copy.withMutableView { copy in
    Scalar.routines.syevr(
      "V", "I", "U", &order, copy.base, &stride, &unusedLow, &unusedHigh, &first, &last, &tolerance, &found,
      allValues, vectors.base, &vectorStride, support, work, &workSize, integerWork, &integerSize, &info, 1,
      1, 1)
  }
  guard info >= 0 else { throw .invalidArgument(operation: "syevr", argument: Int(-info)) }
  guard info == 0, Int(found) == vectors.rows else { return false }
  w.update(from: allValues, count: vectors.rows)
  return true
}
