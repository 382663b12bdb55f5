import LinearAlgebra
import Testing

@Suite struct SVDTests {
  static let shapes = [
    [1, 1], [1, 9], [9, 1], [12, 12], [40, 17], [17, 40], [65, 64], [3, 200], [200, 3],
  ]

  @Test("A = U diag(s) V^T with orthonormal factors, descending s and signed columns", arguments: shapes)
  func reconstructs(_ shape: [Int]) throws {
    try check(Matrix<Float>.random(shape[0], shape[1]))
    try check(Matrix<Double>.random(shape[0], shape[1]))
  }

  private func check<Scalar: RealScalar>(_ a: Matrix<Scalar>) throws {
    let found = try svd(a, workers: .serial)
    let (u, vt, s) = (found.u.wide, found.vt.wide, found.values.map { Double($0) })
    let bound = 4 * Double(a.rows + a.columns) * unit(Scalar.self)
    #expect(s == s.sorted(by: >) && (s.last ?? 0) >= 0)
    #expect(u.departureFromOrthonormality <= bound)
    #expect(vt.transposed().departureFromOrthonormality <= bound)
    #expect((Matrix.naiveProduct(u.scaledColumns(s), vt) - a.wide).norm <= bound * a.wide.norm)
    #expect(u.obeysSignRule)
  }

  @Test("singular values are the roots of the eigenvalues of A A^T")
  func agreesWithEigenvalues() throws {
    let a = Matrix<Double>.random(20, 31)
    let s = try svd(a, workers: .serial).values
    let w = try eigenvalues(Matrix.naiveProduct(a, a.transposed()), workers: .serial)
    for (left, right) in zip(s, w.reversed()) { #expect(abs(left - right.squareRoot()) <= 1e-12 * s[0]) }
  }

  @Test("a matrix of rank r has r singular values above rounding, and still orthonormal factors")
  func rankDeficient() throws {
    let a = Matrix.naiveProduct(.random(30, 4), .random(4, 22, seed: 3))
    let found = try svd(a, workers: .serial)
    #expect(found.values[3] > 1e-2 * found.values[0])
    #expect(found.values[4] <= 1e-14 * found.values[0])
    #expect(found.u.departureFromOrthonormality <= 1e-13)
    let zero = try svd(Matrix<Float>(rows: 5, columns: 3), workers: .serial)
    #expect(zero.values == [0, 0, 0])
    #expect(zero.u.wide.departureFromOrthonormality == 0)
  }

  @Test("empty matrices have empty decompositions")
  func empty() throws {
    for (m, n) in [(0, 0), (0, 4), (4, 0)] {
      let found = try svd(Matrix<Double>(rows: m, columns: n), workers: .serial)
      #expect(found.u.rows == m && found.u.columns == 0 && found.values.isEmpty)
      #expect(found.vt.rows == 0 && found.vt.columns == n)
    }
  }

  @Test("not-a-number is refused")
  func notFinite() {
    var a = Matrix<Float>.random(6, 4)
    a[5, 3] = .nan
    a[0, 0] = .infinity
    let error = failure { () throws(LinearAlgebraError) in _ = try svd(a, workers: .serial) }
    #expect(error == .notFinite(operation: "svd", count: 2))
  }
}

@Suite struct QRTests {
  @Test("A = Q R with orthonormal Q, upper R and a diagonal that is not negative", arguments: SVDTests.shapes)
  func reconstructs(_ shape: [Int]) throws {
    try check(Matrix<Float>.random(shape[0], shape[1]))
    try check(Matrix<Double>.random(shape[0], shape[1]))
  }

  private func check<Scalar: RealScalar>(_ a: Matrix<Scalar>) throws {
    let found = try qr(a)
    let bound = 4 * Double(a.rows + a.columns) * unit(Scalar.self)
    #expect(found.q.wide.departureFromOrthonormality <= bound)
    #expect((Matrix.naiveProduct(found.q.wide, found.r.wide) - a.wide).norm <= bound * a.wide.norm)
    for i in 0..<found.r.rows {
      #expect(found.r[i, i] >= 0)
      #expect((0..<i).allSatisfy { found.r[i, $0] == 0 })
    }
  }

  @Test("R is the Cholesky factor of A^T A")
  func agreesWithCholesky() throws {
    let a = Matrix<Double>.random(30, 8)
    let l = try cholesky(Matrix.naiveProduct(a.transposed(), a), workers: .serial)
    #expect((try qr(a).r - l.transposed()).norm <= 1e-12)
  }

  @Test("Q stays orthonormal where A has no full rank, and empty matrices are fine")
  func degenerate() throws {
    let a = Matrix.naiveProduct(.random(20, 2), .random(2, 6, seed: 3))
    #expect(try qr(a).q.departureFromOrthonormality <= 1e-14)
    #expect(try qr(Matrix<Float>(rows: 4, columns: 0)).q.columns == 0)
    #expect(try qr(Matrix<Float>(rows: 0, columns: 4)).r.columns == 4)
  }

  @Test("not-a-number is refused")
  func notFinite() {
    var a = Matrix<Double>.random(3, 3)
    a[2, 0] = .nan
    #expect(
      failure { () throws(LinearAlgebraError) in _ = try qr(a) } == .notFinite(operation: "qr", count: 1))
  }
}
