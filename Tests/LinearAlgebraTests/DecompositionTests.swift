import LinearAlgebra
import Testing

@Suite struct DecompositionTests {
  static let shapes = [(1, 1), (1, 9), (9, 1), (40, 40), (70, 30), (30, 70), (120, 11), (11, 120)]

  @Test("U diag(s) V^T gives A back; U and V are orthonormal, s descends, signs are fixed", arguments: shapes)
  func singularValues(shape: (Int, Int)) throws {
    let a = Oracle.normal(Double.self, shape.0, shape.1)
    let d = try svd(a, workers: .serial)
    #expect(Oracle.distance(Oracle.product(Oracle.scaled(d.u, columns: d.values), false, d.vt), a) < 1e-12)
    #expect(Oracle.orthonormalityDefect(d.u) < 1e-13)
    #expect(Oracle.orthonormalityDefect(d.vt.transposed()) < 1e-13)
    #expect(d.values == d.values.sorted(by: >) && d.values.allSatisfy { $0 >= 0 })
    #expect(Oracle.obeysSignRule(d.u))
  }

  @Test("the fallback, QR iteration, gives the same decomposition", arguments: shapes)
  func fallback(shape: (Int, Int)) throws {
    let a = Oracle.normal(Double.self, shape.0, shape.1)
    let expected = try svd(a, workers: .serial)
    let k = expected.values.count
    var (u, vt) = (Matrix<Double>(rows: shape.0, columns: k), Matrix<Double>(rows: k, columns: shape.1))
    var values = [Double](repeating: 0, count: k)
    try u.withMutableView { u in
      try vt.withMutableView { vt in
        let converged = try a.withView { try decompose($0, u, &values, vt, method: .qrIteration) }
        #expect(converged)
      }
    }
    #expect(zip(values, expected.values).allSatisfy { abs($0 - $1) < 1e-12 * expected.values[0] })
    #expect(Oracle.distance(Oracle.product(Oracle.scaled(u, columns: values), false, vt), a) < 1e-12)
  }

  @Test("the same laws hold in f32", arguments: shapes)
  func single(shape: (Int, Int)) throws {
    let a = Oracle.normal(Float.self, shape.0, shape.1)
    let d = try svd(a, workers: .serial)
    #expect(Oracle.distance(Oracle.product(Oracle.scaled(d.u, columns: d.values), false, d.vt), a) < 2e-5)
    #expect(Oracle.orthonormalityDefect(d.u) < 1e-5)
    let f = try qr(a)
    #expect(Oracle.distance(Oracle.product(f.q, false, f.r), a) < 2e-5)
  }

  @Test("Q R gives A back; Q is orthonormal, R upper with a non-negative diagonal", arguments: shapes)
  func orthogonalTriangular(shape: (Int, Int)) throws {
    let a = Oracle.normal(Double.self, shape.0, shape.1)
    let d = try qr(a)
    #expect(Oracle.distance(Oracle.product(d.q, false, d.r), a) < 1e-13)
    #expect(Oracle.orthonormalityDefect(d.q) < 1e-13)
    #expect(d.r.diagonal.allSatisfy { $0 >= 0 })
    for i in 0..<d.r.rows { for j in 0..<min(i, d.r.columns) { #expect(d.r[i, j] == 0) } }
  }

  @Test(
    "V diag(w) V^T gives A back; V is orthonormal, w ascends, signs are fixed", arguments: [1, 2, 33, 100])
  func eigenvectors(order: Int) throws {
    let a = try syrk(Oracle.normal(Double.self, order, order + 3), transpose: false, workers: .serial)
    let d = try eigh(a, workers: .serial)
    let back = Oracle.product(Oracle.scaled(d.vectors, columns: d.values), false, d.vectors, true)
    #expect(Oracle.distance(back, a) < 1e-12 * Double(order + 3))
    #expect(Oracle.orthonormalityDefect(d.vectors) < 1e-13)
    #expect(d.values == d.values.sorted())
    #expect(Oracle.obeysSignRule(d.vectors))
    let alone = try eigenvalues(a, workers: .serial)
    #expect(zip(alone, d.values).allSatisfy { abs($0 - $1) < 1e-12 * d.values[order - 1] })
  }

  @Test("eigh reads the lower triangle only")
  func lowerTriangle() throws {
    let a = try syrk(Oracle.normal(Double.self, 8, 12), transpose: false, workers: .serial)
    let half = Matrix<Double>(rows: 8, columns: 8) { $0 < $1 ? .nan : a[$0, $1] }
    #expect(try eigh(half, workers: .serial).vectors == eigh(a, workers: .serial).vectors)
  }

  @Test("a matrix of low rank has that many singular values above rounding")
  func rankDeficient() throws {
    let a = try gemm(
      Oracle.normal(Double.self, 50, 7), Oracle.normal(Double.self, 7, 60, seed: 2), workers: .serial)
    let d = try svd(a, workers: .serial)
    #expect(d.values.filter { $0 > 1e-12 * d.values[0] }.count == 7)
    #expect(Oracle.orthonormalityDefect(d.u) < 1e-13)
    let zero = try svd(Matrix<Double>(rows: 6, columns: 4), workers: .serial)
    #expect(zero.values == [0, 0, 0, 0])
    #expect(Oracle.orthonormalityDefect(zero.u) == 0)
    #expect(Oracle.orthonormalityDefect(try qr(Matrix<Double>(rows: 6, columns: 4)).q) == 0)
  }

  @Test("empty matrices decompose into empty ones")
  func empty() throws {
    #expect(try svd(Matrix<Double>(rows: 0, columns: 4), workers: .serial).values.isEmpty)
    #expect(try eigh(Matrix<Float>(rows: 0, columns: 0), workers: .serial).values.isEmpty)
    #expect(try qr(Matrix<Double>(rows: 3, columns: 0)).r.elementCount == 0)
    #expect(try cholesky(Matrix<Double>(rows: 0, columns: 0), workers: .serial).elementCount == 0)
  }

  @Test("NaN and infinity are refused by every decomposition", arguments: [Double.nan, .infinity])
  func nonFinite(value: Double) {
    var a = Matrix<Double>.identity(5)
    a[3, 1] = value
    let expected = { (operation: String) in LinearAlgebraError.notFinite(operation: operation, count: 1) }
    #expect(throws: expected("svd")) { try svd(a, workers: .serial) }
    #expect(throws: expected("qr")) { try qr(a) }
    #expect(throws: expected("eigh")) { try eigh(a, workers: .serial) }
    #expect(throws: expected("cholesky")) { try cholesky(a, workers: .serial) }
  }

  @Test("decompositions give the same bytes for any number of threads")
  func threads() throws {
    let a = Oracle.normal(Double.self, 300, 260)
    let gram = try syrk(a, transpose: true, workers: .serial)
    let results = try Oracle.threadCounts.map { count in
      let workers = Workers(threads: count)
      let s = try svd(a, workers: workers)
      let e = try eigh(gram, workers: workers)
      return [s.u, s.vt, e.vectors, try cholesky(gram, workers: workers)]
    }
    for result in results { #expect(result == results[0]) }
  }
}
