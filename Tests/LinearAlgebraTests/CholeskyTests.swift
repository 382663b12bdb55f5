import LinearAlgebra
import Testing

@Suite struct CholeskyTests {
  /// A^T A of more rows than columns, wider than a block of the algorithm for the largest order.
  private func positive<Scalar: RealScalar>(_ n: Int, _ type: Scalar.Type) throws -> Matrix<Scalar> {
    try syrk(Matrix<Scalar>.random(2 * n + 1, n), transpose: true, workers: .serial)
  }

  @Test("A = L L^T with lower L, within and beyond one block", arguments: [0, 1, 2, 40, 300])
  func reconstructs(_ n: Int) throws {
    try check(positive(n, Float.self))
    try check(positive(n, Double.self))
  }

  private func check<Scalar: RealScalar>(_ a: Matrix<Scalar>) throws {
    let l = try cholesky(a, workers: Workers(threads: 2))
    let product = try gemm(l.wide, l.wide, transposeB: true, workers: .serial)
    #expect((product - a.wide).norm <= Double(a.rows + 1) * unit(Scalar.self) * a.wide.norm)
    for i in 0..<l.rows { #expect((i + 1..<l.rows).allSatisfy { l[i, $0] == 0 }) }
  }

  @Test("a matrix that is not positive definite is refused at the first bad minor, beyond one block too")
  func indefinite() {
    for (order, bad) in [(3, 2), (300, 280)] {
      var a = Matrix<Double>.identity(order)
      a[bad - 1, bad - 1] = -1
      let error = failure { () throws(LinearAlgebraError) in _ = try cholesky(a, workers: .serial) }
      #expect(error == .notPositiveDefinite(order: bad))
    }
  }

  @Test("not-a-number in the lower triangle is refused, in the upper one not read")
  func notFinite() throws {
    var a = try positive(5, Float.self)
    let exact = try cholesky(a, workers: .serial)
    a[1, 4] = .nan
    #expect(try cholesky(a, workers: .serial) == exact)
    a[4, 1] = .nan
    let error = failure { () throws(LinearAlgebraError) in _ = try cholesky(a, workers: .serial) }
    #expect(error == .notFinite(operation: "cholesky", count: 1))
  }

  @Test("a definite matrix needs no ridge, a semi-definite one a small one", arguments: [1, 4, 30])
  func ridge(_ n: Int) throws {
    let definite = try choleskyWithRidge(positive(n, Double.self), workers: .serial)
    #expect(definite.ridge == 0)
    let x = Matrix<Double>.random(n / 2, n)
    let gram = try syrk(x, transpose: true, workers: .serial)
    let found = try choleskyWithRidge(gram, workers: .serial)
    let mean = gram.diagonal.reduce(0, +) / Double(n)
    #expect(found.ridge > 0 && found.ridge <= 1e-10 * (mean > 0 ? mean : 1))
    let product = try gemm(found.factor, found.factor, transposeB: true, workers: .serial)
    let shifted = Matrix<Double>(rows: n, columns: n) { gram[$0, $1] + ($0 == $1 ? found.ridge : 0) }
    #expect((product - shifted).norm <= 1e-14 * Double(n) * (gram.norm + 1))
  }

  @Test("the ridge ladder ends for zero, for the smallest numbers and for an indefinite matrix")
  func ladderEnds() throws {
    #expect(try choleskyWithRidge(Matrix<Float>(rows: 4, columns: 4), workers: .serial).ridge > 0)
    let tiny = Matrix<Float>(rows: 3, columns: 3) { _, _ in 1e-42 }
    let found = try choleskyWithRidge(tiny, workers: .serial)
    #expect(found.ridge == .leastNormalMagnitude)
    let error = failure { () throws(LinearAlgebraError) in
      _ = try choleskyWithRidge(Matrix<Double>(rows: 2, columns: 2, [1, 3, 3, 1]), workers: .serial)
    }
    #expect(error == .notPositiveDefinite(order: 2))
    #expect(try choleskyWithRidge(Matrix<Double>(rows: 0, columns: 0), workers: .serial).ridge == 0)
  }

  @Test("triangular solves invert the product, on both sides, both triangles, transposed or not")
  func solves() throws {
    for (n, r) in [(0, 2), (1, 1), (7, 3), (40, 150), (140, 130)] {
      for (triangle, transpose, side) in Self.kinds {
        let full = Matrix<Double>.random(n, n)
        let t = Matrix<Double>(rows: n, columns: n) { i, j in
          if i == j { return Double(n) + abs(full[i, j]) }
          return (i > j) == (triangle == .lower) ? full[i, j] : 0
        }
        let x = side == .left ? Matrix<Double>.random(n, r, seed: 8) : Matrix<Double>.random(r, n, seed: 8)
        let b =
          try side == .left
          ? gemm(t, transposeA: transpose, x, workers: .serial)
          : gemm(x, t, transposeB: transpose, workers: .serial)
        // What lies in the other triangle must not matter.
        let dirty = Matrix<Double>(rows: n, columns: n) { i, j in
          i == j || (i > j) == (triangle == .lower) ? t[i, j] : .nan
        }
        let found = try solveTriangular(
          dirty, triangle, transpose: transpose, side: side, b, workers: Workers(threads: 2))
        #expect((found - x).norm <= 1e-13 * Double(n + 1) * (x.norm + 1))
      }
    }
  }

  private static var kinds: [(Triangle, Bool, Side)] {
    [Triangle.lower, .upper].flatMap { triangle in
      [false, true].flatMap { transpose in [Side.left, .right].map { (triangle, transpose, $0) } }
    }
  }

  @Test("a zero on the diagonal is refused with its place")
  func singular() {
    var t = Matrix<Float>.identity(4)
    t[2, 2] = 0
    let error = failure { () throws(LinearAlgebraError) in
      _ = try solveTriangular(t, .lower, transpose: false, .identity(4), workers: .serial)
    }
    #expect(error == .singular(index: 2))
  }
}
