import LinearAlgebra
import Testing

@Suite struct CholeskyTests {
  static func definite<Scalar: RealScalar>(_ type: Scalar.Type, _ order: Int) throws -> Matrix<Scalar> {
    try syrk(Oracle.normal(Scalar.self, order, 2 * order + 1), transpose: false, workers: .serial)
  }

  @Test("L L^T gives A back, L is lower with a positive diagonal", arguments: [1, 2, 40, 300])
  func factor(order: Int) throws {
    let a = try Self.definite(Double.self, order)
    let l = try cholesky(a, workers: .serial)
    #expect(
      Oracle.distance(try gemm(l, l, transposeB: true, workers: .serial), a) < 1e-12 * Double(order + 9))
    for i in 0..<order {
      #expect(l[i, i] > 0)
      #expect((i + 1..<order).allSatisfy { l[i, $0] == 0 })
    }
  }

  @Test("an indefinite matrix is refused with the order of the first bad minor", arguments: [0, 3, 270])
  func indefinite(bad: Int) {
    var a = Matrix<Double>.identity(280)
    a[bad, bad] = -1
    #expect(throws: LinearAlgebraError.notPositiveDefinite(order: bad + 1)) {
      try cholesky(a, workers: .serial)
    }
    #expect(throws: LinearAlgebraError.self) { try choleskyWithRidge(a, workers: .serial) }
  }

  @Test("a matrix that needs no ridge gets none")
  func noRidge() throws {
    let a = try Self.definite(Float.self, 30)
    let result = try choleskyWithRidge(a, workers: .serial)
    #expect(result.ridge == 0)
    #expect(result.factor == (try cholesky(a, workers: .serial)))
  }

  @Test("a badly scaled but definite matrix gets no ridge either")
  func badlyScaled() throws {
    let a = Matrix<Double>(rows: 9, columns: 9) { i, j in
      (i == j ? 1 : 0.3) * [1, 1e-9, 1e6][i % 3] * [1, 1e-9, 1e6][j % 3]
    }
    #expect(try choleskyWithRidge(a, workers: .serial).ridge == 0)
  }

  @Test(
    "a semi-definite matrix gets a tiny ridge and a factor of the ridged matrix", arguments: [0, 1, 5, 39])
  func semiDefinite(rank: Int) throws {
    let a = try syrk(Oracle.normal(Double.self, 40, rank), transpose: false, workers: .serial)
    let result = try choleskyWithRidge(a, workers: .serial)
    let mean = a.diagonal.reduce(0, +) / 40
    #expect(result.ridge > 0 && result.ridge < 1e-11 * (mean > 0 ? mean : 1))
    let back = Oracle.product(result.factor, false, result.factor, true)
    #expect(Oracle.distance(back, a) <= 2 * result.ridge + 1e-13 * mean)
    #expect(result.factor.diagonal.allSatisfy { $0 > 0 })
  }

  @Test("a dead input channel, a zero row and column, is survived")
  func deadChannel() throws {
    var x = Oracle.normal(Double.self, 90, 30)
    for i in 0..<90 { x[i, 11] = 0 }
    let gram = try syrk(x, transpose: true, workers: .serial)
    #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 12)) {
      try cholesky(gram, workers: .serial)
    }
    #expect(try choleskyWithRidge(gram, workers: .serial).factor.isFinite)
  }

  @Test(
    "a triangular solve undoes the product, on both sides, for both triangles, transposed or not",
    arguments: [(Triangle.lower, false), (.lower, true), (.upper, false), (.upper, true)],
    [Side.left, .right])
  func solves(form: (Triangle, Bool), side: Side) throws {
    let (triangle, transpose) = form
    let order = 150
    var t = try cholesky(Self.definite(Double.self, order), workers: .serial)
    if triangle == .upper { t = t.transposed() }
    let x = side == .left ? Oracle.normal(Double.self, order, 140) : Oracle.normal(Double.self, 140, order)
    let b =
      side == .left
      ? try gemm(t, transposeA: transpose, x, workers: .serial)
      : try gemm(x, t, transposeB: transpose, workers: .serial)
    let results = try Oracle.threadCounts.map {
      try solveTriangular(t, triangle, transpose: transpose, side: side, b, workers: Workers(threads: $0))
    }
    #expect(Oracle.distance(results[0], x) < 1e-11)
    for result in results { #expect(result == results[0]) }
  }

  @Test("the other triangle is not read")
  func otherTriangle() throws {
    let l = Matrix<Double>(rows: 3, columns: 3, [2, .nan, .nan, 1, 3, .nan, 4, 5, 6])
    let b = Matrix<Double>(rows: 3, columns: 1, [2, 4, 15])
    #expect(try solveTriangular(l, .lower, transpose: false, b, workers: .serial).elements == [1, 1, 1])
  }

  @Test("a zero on the diagonal and shapes that do not fit are refused")
  func refusal() {
    var l = Matrix<Double>.identity(4)
    let b = Matrix<Double>(rows: 3, columns: 4)
    #expect(throws: LinearAlgebraError.self) {
      try solveTriangular(l, .lower, transpose: false, b, workers: .serial)
    }
    l[2, 2] = 0
    #expect(throws: LinearAlgebraError.singular(index: 2)) {
      try solveTriangular(l, .lower, transpose: false, side: .right, b, workers: .serial)
    }
  }
}
