import LinearAlgebra
import Testing

@Suite struct GramTests {
  @Test(
    "the Gram matrix is the sum of outer products, exactly symmetric",
    arguments: [(1, 1), (7, 3), (40, 60), (0, 5)])
  func definition(shape: (Int, Int)) throws {
    let x = Oracle.normal(Float.self, shape.0, shape.1)
    var sum = GramAccumulator(dimension: shape.1)
    try sum.add(rows: x, workers: .serial)
    let gram = sum.gram(workers: .serial)
    #expect(Oracle.distance(gram, Oracle.product(x, true, x)) < 1e-13 * Double(shape.0 + 1))
    #expect(gram == gram.transposed())
    #expect(sum.rowCount == shape.0)
  }

  @Test("products of f32 values are not rounded to f32")
  func precision() throws {
    let x = Matrix<Float>(rows: 1, columns: 2, [1 + 0x1p-23, 1 - 0x1p-24])
    var sum = GramAccumulator(dimension: 2)
    try sum.add(rows: x, workers: .serial)
    #expect(sum.gram(workers: .serial)[0, 0] == (1 + 0x1p-23) * (1 + 0x1p-23))
    #expect(sum.gram(workers: .serial)[1, 0] == (1 + 0x1p-23) * (1 - 0x1p-24))
  }

  @Test("rows added in several calls are one sum")
  func accumulation() throws {
    let x = Oracle.normal(Float.self, 50, 20)
    var sum = GramAccumulator(dimension: 20)
    for start in stride(from: 0, to: 50, by: 10) {
      try x.withView { x in try sum.add(rows: x.rows(start..<start + 10), workers: .serial) }
    }
    #expect(Oracle.distance(sum.gram(workers: .serial), Oracle.product(x, true, x)) < 1e-12)
    #expect(sum.rowCount == 50)
  }

  @Test("columns of wider rows can be added without a copy")
  func strided() throws {
    let x = Oracle.normal(Float.self, 12, 9)
    var sum = GramAccumulator(dimension: 4)
    try x.withView { x in try sum.add(rows: x.part(rows: 0..<12, columns: 3..<7), workers: .serial) }
    let part = x.columns(3..<7)
    #expect(Oracle.distance(sum.gram(workers: .serial), Oracle.product(part, true, part)) < 1e-12)
  }

  @Test(
    "the cross Gram matrix is the sum of x y^T, up to f32 roundings of the part that is not G",
    arguments: [0, 0.01, 1])
  func cross(distance: Float) throws {
    let y = Oracle.normal(Float.self, 2100, 30)
    let noise = Oracle.normal(Float.self, 2100, 30, seed: 2)
    let x = Matrix<Float>(rows: 2100, columns: 30) { y[$0, $1] + distance * noise[$0, $1] }
    var (gram, cross) = (GramAccumulator(dimension: 30), CrossGramAccumulator(dimension: 30))
    try gram.add(rows: y, workers: .serial)
    try x.withView { x in try y.withView { y in try cross.add(x, y, workers: .serial) } }
    let found = try cross.crossGram(gram.gram(workers: .serial))
    func magnitudes(_ a: Matrix<Float>) -> Matrix<Float> {
      Matrix(rows: a.rows, columns: a.columns) { abs(a[$0, $1]) }
    }
    let difference = Matrix<Float>(rows: 2100, columns: 30) { x[$0, $1] - y[$0, $1] }
    let bound = Oracle.product(magnitudes(difference), true, magnitudes(y))
    let exact = Oracle.product(x, true, y)
    for i in 0..<30 {
      for j in 0..<30 { #expect(abs(found[i, j] - exact[i, j]) <= 0x1p-24 * 1026 * bound[i, j] + 1e-10) }
    }
    if distance == 0 { #expect(found == gram.gram(workers: .serial)) }
    #expect(cross.rowCount == 2100)
  }

  @Test("Gram matrices have the same bytes for any number of threads")
  func threads() throws {
    let x = Oracle.normal(Float.self, 1100, 520)
    let y = Oracle.normal(Float.self, 1100, 520, seed: 3)
    let results = try Oracle.threadCounts.map { count in
      let workers = Workers(threads: count)
      var gram = GramAccumulator(dimension: 520)
      var cross = CrossGramAccumulator(dimension: 520)
      try gram.add(rows: x, workers: workers)
      try x.withView { x in try y.withView { y in try cross.add(x, y, workers: workers) } }
      return [gram.gram(workers: workers), try cross.crossGram(Matrix(rows: 520, columns: 520))]
    }
    for result in results { #expect(result == results[0]) }
  }

  @Test("rows of another length are refused and add nothing")
  func refusal() throws {
    var sum = GramAccumulator(dimension: 4)
    #expect(throws: LinearAlgebraError.self) {
      try sum.add(rows: Matrix<Float>(rows: 2, columns: 5), workers: .serial)
    }
    #expect(sum.rowCount == 0)
  }
}
