/// Makes decompositions unique: in each column of U the entry of largest magnitude, the first of equals, is positive.
enum SignRule {
  /// Flips columns of `u` until they obey, and the rows of `vt` with them, so that products stay the same.
  static func apply<Scalar: RealScalar>(
    columns u: MutableMatrixView<Scalar>, rows vt: MutableMatrixView<Scalar>?
  ) {
    guard u.rows > 0, u.columns > 0 else { return }
    var largest = [Scalar](repeating: 0, count: u.columns)
    largest.withUnsafeMutableBufferPointer { largest in
      for i in 0..<u.rows {
        let row = u.base + i * u.rowStride
        for j in 0..<u.columns where row[j].magnitude > largest[j].magnitude { largest[j] = row[j] }
      }
      for i in 0..<u.rows {
        let row = u.base + i * u.rowStride
        for j in 0..<u.columns where largest[j] < 0 { row[j] = -row[j] }
      }
    }
    guard let vt else { return }
    for (i, value) in largest.enumerated() where value < 0 {
      let row = vt.base + i * vt.rowStride
      for j in 0..<vt.columns { row[j] = -row[j] }
    }
  }
}
