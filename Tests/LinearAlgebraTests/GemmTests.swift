import LinearAlgebra
import Testing

@Suite struct GemmTests {
  @Test(
    "gemm agrees with the definition, with every transposition",
    arguments: [(1, 1, 1), (3, 5, 7), (1, 64, 9), (64, 1, 9), (1, 1, 40), (5, 4, 1), (130, 33, 70)],
    [(false, false), (false, true), (true, false), (true, true)])
  func definition(size: (Int, Int, Int), transposes: (Bool, Bool)) throws {
    let (m, n, k) = size
    let (ta, tb) = transposes
    let a = Oracle.normal(Float.self, ta ? k : m, ta ? m : k)
    let b = Oracle.normal(Float.self, tb ? n : k, tb ? k : n, seed: 2)
    let c = try gemm(alpha: 2, a, transposeA: ta, b, transposeB: tb, workers: .serial)
    let expected = Oracle.product(a, ta, b, tb)
    let doubled = Matrix(rows: m, columns: n) { 2 * expected[$0, $1] }
    #expect(Oracle.distance(c, doubled) < 1e-5 * Double(k + 8))
  }

  @Test("gemm with beta = 0 writes over NaN, and with another beta adds")
  func beta() throws {
    let a = Oracle.normal(Double.self, 4, 3)
    let b = Oracle.normal(Double.self, 3, 6, seed: 2)
    let product = try gemm(a, b, workers: .serial)
    var c = Matrix<Double>(rows: 4, columns: 6) { _, _ in .nan }
    try gemm(a, b, beta: 0, into: &c, workers: .serial)
    #expect(c == product)
    try gemm(a, b, beta: 2, into: &c, workers: .serial)
    #expect(Oracle.distance(c, Matrix(rows: 4, columns: 6) { 3 * product[$0, $1] }) < 1e-14)
  }

  @Test(
    "a product with one row or column writes over NaN too, and reads strided vectors",
    arguments: [false, true])
  func vectors(transpose: Bool) throws {
    let a = Oracle.normal(Double.self, 6, 6)
    let whole = Oracle.normal(Double.self, 6, 9, seed: 2)
    let expected = try gemm(a, transposeA: transpose, whole, workers: .serial)
    var c = Matrix<Double>(rows: 6, columns: 9) { _, _ in .nan }
    try c.withMutableView { c in
      try a.withView { a in
        try whole.withView { whole in
          for j in 0..<9 {
            let column = j..<j + 1
            try gemm(
              a, transposeA: transpose, whole.part(rows: 0..<6, columns: column), transposeB: false,
              into: c.part(rows: 0..<6, columns: column), workers: .serial)
          }
        }
      }
    }
    #expect(Oracle.distance(c, expected) < 1e-14)
  }

  @Test("sizes beyond 32 bits are refused before any memory is touched")
  func oversized() {
    let size = Int(Int32.max) + 1
    var one = 0.0
    withUnsafeMutablePointer(to: &one) { pointer in
      let tall = MutableMatrixView(pointer, rows: size, columns: 0, rowStride: 1)
      let square = MatrixView(pointer, rows: size, columns: size)
      let nothing = MatrixView(pointer, rows: 0, columns: 0)
      let expected = LinearAlgebraError.tooLarge(operation: "gemm", rows: size, columns: 0)
      #expect(throws: expected) { try gemm(tall.readable, nothing, into: tall, workers: .serial) }
      let values = UnsafeMutableBufferPointer<Double>(start: pointer, count: 1)
      #expect(throws: LinearAlgebraError.tooLarge(operation: "eigh", rows: size, columns: size)) {
        try eigh(square, values: values, vectors: nil, workers: .serial)
      }
    }
  }

  @Test("an empty inner extent gives zeros, an empty outer one nothing")
  func empty() throws {
    let zero = try gemm(
      Matrix<Float>(rows: 2, columns: 0), Matrix<Float>(rows: 0, columns: 3), workers: .serial)
    #expect(zero == Matrix(rows: 2, columns: 3))
    let none = try gemm(
      Matrix<Float>(rows: 0, columns: 4), Matrix<Float>(rows: 4, columns: 3), workers: .serial)
    #expect(none.elementCount == 0)
  }

  @Test("gemm and syrk give the same bytes for any number of threads")
  func threads() throws {
    let a = Oracle.normal(Float.self, 600, 130)
    let b = Oracle.normal(Float.self, 130, 540, seed: 3)
    let results = try Oracle.threadCounts.map { count in
      let workers = Workers(threads: count)
      return (try gemm(a, b, workers: workers), try syrk(a, transpose: false, workers: workers))
    }
    for result in results { #expect(result.0 == results[0].0 && result.1 == results[0].1) }
  }

  @Test("syrk is A A^T or A^T A, exactly symmetric", arguments: [true, false])
  func rankUpdate(transpose: Bool) throws {
    let a = Oracle.normal(Double.self, 70, 41)
    let c = try syrk(alpha: 1, a, transpose: transpose, workers: .serial)
    #expect(Oracle.distance(c, Oracle.product(a, transpose, a, !transpose)) < 1e-12)
    #expect(c == c.transposed())
  }

  @Test("operations work in place on a part of a larger matrix")
  func strided() throws {
    let whole = Oracle.normal(Double.self, 9, 11)
    let a = whole.rows(2..<6).columns(3..<8)
    var target = Matrix<Double>(rows: 6, columns: 10)
    try whole.withView { whole in
      try target.withMutableView { target in
        let part = whole.part(rows: 2..<6, columns: 3..<8)
        try gemm(
          part, part, transposeB: true, into: target.part(rows: 1..<5, columns: 2..<6), workers: .serial)
      }
    }
    #expect(target.rows(1..<5).columns(2..<6) == (try gemm(a, a, transposeB: true, workers: .serial)))
    #expect(target.columns(0..<2) == Matrix(rows: 6, columns: 2))
    #expect(target.columns(6..<10) == Matrix(rows: 6, columns: 4))
  }

  @Test("shapes that do not fit are refused")
  func refusal() {
    #expect(throws: LinearAlgebraError.self) {
      try gemm(Matrix<Float>(rows: 2, columns: 3), Matrix<Float>(rows: 2, columns: 3), workers: .serial)
    }
    #expect(throws: LinearAlgebraError.self) {
      var c = Matrix<Float>(rows: 2, columns: 2)
      try gemm(
        Matrix<Float>(rows: 2, columns: 3), Matrix<Float>(rows: 3, columns: 3), beta: 0, into: &c,
        workers: .serial)
    }
  }
}
