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

  @Test("the cross Gram matrix is the sum of x y^T, and equals the Gram matrix for y = x")
  func cross() throws {
    let x = Oracle.normal(Float.self, 1100, 7)
    let y = Oracle.normal(Float.self, 1100, 5, seed: 2)
    var sum = CrossGramAccumulator(left: 7, right: 5)
    try sum.add(left: x, right: y, workers: .serial)
    #expect(Oracle.distance(sum.gram, Oracle.product(x, true, y)) < 1e-11)
    #expect(sum.rowCount == 1100)
  }

  @Test("Gram matrices have the same bytes for any number of threads")
  func threads() throws {
    let x = Oracle.normal(Float.self, 1100, 520)
    let y = x.columns(0..<515)
    let results = try Oracle.threadCounts.map { count in
      let workers = Workers(threads: count)
      var gram = GramAccumulator(dimension: 520)
      var cross = CrossGramAccumulator(left: 520, right: 515)
      try gram.add(rows: x, workers: workers)
      try cross.add(left: x, right: y, workers: workers)
      return [gram.gram(workers: workers), cross.gram]
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
