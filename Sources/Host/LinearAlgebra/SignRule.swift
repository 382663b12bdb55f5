/// Makes decompositions unique: in each column of U the entry of largest magnitude, the first of equals, is positive.
enum SignRule {
  /// Flips columns of `u` until they obey, and the rows of `vt` with them, so that products stay the same.
  static func apply<Scalar: RealScalar>(
    columns u: MutableMatrixView<Scalar>, rows vt: MutableMatrixView<Scalar>?, workers: Workers
  ) {
    let tiling = Tiling(rows: u.columns, columns: 1, edge: 256)
    workers.forEach(count: tiling.down) { index in
      let range = tiling.rowRange(index)
      apply(u.part(rows: 0..<u.rows, columns: range), vt?.rows(range))
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private static func apply<Scalar: RealScalar>(
    _ u: MutableMatrixView<Scalar>, _ vt: MutableMatrixView<Scalar>?
  ) {
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: u.columns) { largest in
      largest.initialize(repeating: 0)
      for i in 0..<u.rows {
        let row = u.base + i * u.rowStride
        for j in 0..<u.columns where row[j].magnitude > largest[j].magnitude { largest[j] = row[j] }
      }
      for i in 0..<u.rows {
        let row = u.base + i * u.rowStride
        for j in 0..<u.columns where largest[j] < 0 { row[j] = -row[j] }
      }
      guard let vt else { return }
      for i in 0..<vt.rows where largest[i] < 0 {
        let row = vt.base + i * vt.rowStride
        for j in 0..<vt.columns { row[j] = -row[j] }
      }
    }
  }
}
