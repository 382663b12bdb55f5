import LinearAlgebra
import Testing

@Suite struct ProductTests {
  /// [m, k, n] with empty extents, single rows, and sizes off every vector length.
  static let shapes = [
    [1, 1, 1], [1, 7, 1], [7, 1, 3], [5, 0, 4], [0, 3, 2], [3, 2, 0], [17, 33, 9], [40, 65, 31],
  ]

  @Test("gemm agrees with the textbook product in every transposition, f32 and f64", arguments: shapes)
  func products(_ shape: [Int]) throws {
    try check(Float.self, shape)
    try check(Double.self, shape)
  }

  private func check<Scalar: RealScalar>(_ type: Scalar.Type, _ shape: [Int]) throws {
    let (m, k, n) = (shape[0], shape[1], shape[2])
    let (a, b, c) = (
      Matrix<Scalar>.random(m, k), Matrix<Scalar>.random(k, n, seed: 2), Matrix<Scalar>.random(m, n)
    )
    let product = Matrix.naiveProduct(a.wide, b.wide)
    let magnitude = Matrix.naiveProduct(
      Matrix(rows: m, columns: k) { abs(a.wide[$0, $1]) }, Matrix(rows: k, columns: n) { abs(b.wide[$0, $1]) }
    )
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
      let (x, y) = (ta ? a.transposed() : a, tb ? b.transposed() : b)
      var result = c
      try gemm(alpha: -2, x, transposeA: ta, y, transposeB: tb, beta: 3, into: &result, workers: .serial)
      for i in 0..<m {
        for j in 0..<n {
          let (sum, old) = (2 * magnitude[i, j], 3 * abs(Double(c[i, j])))
          let error = abs(Double(result[i, j]) - (3 * Double(c[i, j]) - 2 * product[i, j]))
          #expect(error <= Double(k + 3) * unit(type) * (sum + old))
        }
      }
    }
  }

  @Test("with beta 0 the result is written and never read, even where the inner extent is empty")
  func ignoresOldValues() throws {
    for k in [0, 1, 20] {
      var c = Matrix<Float>(rows: 9, columns: 5) { _, _ in .nan }
      try gemm(Matrix<Float>.random(9, k), .random(k, 5), beta: 0, into: &c, workers: .serial)
      #expect(c.isFinite)
      if k == 0 { #expect(c == Matrix(rows: 9, columns: 5)) }
    }
  }

  @Test("large products, cut into tiles, have the right elements")
  func tiles() throws {
    let (a, b) = (Matrix<Double>.random(530, 70), Matrix<Double>.random(70, 300, seed: 5))
    let c = try gemm(a, b, workers: Workers(threads: 2))
    for (i, j) in [(0, 0), (529, 299), (271, 150), (272, 151), (300, 0), (0, 299), (512, 256)] {
      let exact = (0..<70).reduce(0) { $0 + a[i, $1] * b[$1, j] }
      #expect(abs(c[i, j] - exact) <= 1e-13)
    }
  }

  @Test("gemm works on parts of larger matrices and leaves the rest alone")
  func parts() throws {
    let whole = Matrix<Float>.random(12, 10)
    var target = Matrix<Float>(rows: 8, columns: 9) { _, _ in 7 }
    try target.withMutableView { target in
      try whole.withView { whole in
        try gemm(
          whole.part(rows: 1..<5, columns: 2..<8), whole.part(rows: 5..<11, columns: 3..<6),
          into: target.part(rows: 2..<6, columns: 4..<7), workers: .serial)
      }
    }
    let exact = Matrix.naiveProduct(
      whole.wide.rows(1..<5).columns(2..<8), whole.wide.rows(5..<11).columns(3..<6))
    for i in 0..<8 {
      for j in 0..<9 {
        let isInside = (2..<6).contains(i) && (4..<7).contains(j)
        #expect(abs(Double(target[i, j]) - (isInside ? exact[i - 2, j - 4] : 7)) <= 1e-5)
      }
    }
  }

  @Test("syrk is gemm with itself and exactly symmetric, below and above the tile size")
  func symmetric() throws {
    for n in [0, 1, 13, 290] {
      for transpose in [false, true] {
        let a = transpose ? Matrix<Double>.random(40, n) : Matrix<Double>.random(n, 40)
        let c = try syrk(alpha: 0.5, a, transpose: transpose, workers: Workers(threads: 2))
        let reference = try gemm(
          alpha: 0.5, a, transposeA: transpose, a, transposeB: !transpose, workers: .serial)
        #expect((c - reference).norm <= 1e-14 * Double(40 * n))
        #expect(bytes(c) == bytes(c.transposed()))
      }
    }
  }

  @Test("syrk of an empty inner extent is beta C")
  func emptyInner() throws {
    var c = Matrix<Float>(rows: 3, columns: 3) { Float($0 + $1) }
    try c.withMutableView { c in
      try Matrix<Float>(rows: 3, columns: 0).withView { a in
        try syrk(a, transpose: false, beta: 2, into: c, workers: .serial)
      }
    }
    #expect(c == Matrix(rows: 3, columns: 3) { 2 * Float($0 + $1) })
    #expect(
      try syrk(Matrix<Float>(rows: 0, columns: 4), transpose: true, workers: .serial)
        == Matrix(rows: 4, columns: 4))
  }

  @Test("syrk adds to the lower triangle it is given and mirrors the sum")
  func accumulates() throws {
    let a = Matrix<Double>.random(6, 4)
    var c = Matrix<Double>(rows: 6, columns: 6) { $0 >= $1 ? Double($0 + 2 * $1) : .nan }
    try c.withMutableView { c in
      try a.withView { a in try syrk(alpha: 1, a, transpose: false, beta: 2, into: c, workers: .serial) }
    }
    let product = Matrix.naiveProduct(a, a.transposed())
    for i in 0..<6 {
      for j in 0..<6 {
        let old = Double(max(i, j) + 2 * min(i, j))
        #expect(abs(c[i, j] - (product[i, j] + 2 * old)) <= 1e-13)
      }
    }
  }

  @Test("shapes that do not fit are refused with their extents")
  func refused() {
    let (a, b) = (Matrix<Float>(rows: 2, columns: 3), Matrix<Float>(rows: 4, columns: 5))
    #expect(
      failure { () throws(LinearAlgebraError) in _ = try gemm(a, b, workers: .serial) }
        == .shapes(operation: "gemm", [[2, 3], [4, 5], [2, 5]]))
  }
}
