import LinearAlgebra
import Testing

@Suite struct GramTests {
  @Test("the Gram matrix is the sum of outer products in f64, whatever the calls and chunks")
  func sums() throws {
    for (tokens, n) in [(0, 3), (1, 1), (5, 1), (50, 23), (1030, 17)] {
      let x = Matrix<Float>.random(tokens, n)
      let exact = Matrix.naiveProduct(x.wide.transposed(), x.wide)
      for cuts in [[tokens], [tokens / 3, tokens - tokens / 3]] {
        var sum = GramAccumulator(dimension: n)
        var row = 0
        for count in cuts {
          try sum.add(rows: x.rows(row..<row + count), workers: Workers(threads: 2))
          row += count
        }
        let gram = sum.gram(workers: .serial)
        #expect(sum.rowCount == tokens)
        #expect(bytes(gram) == bytes(gram.transposed()))
        let bound = Double(tokens + 1) * 0x1p-53 * x.frobeniusNormSquared
        #expect((gram - exact).norm <= 2 * bound)
      }
    }
  }

  @Test("f32 rows are widened before they are multiplied: no bit of a product is lost")
  func exactProducts() throws {
    let x = Matrix<Float>(rows: 1, columns: 2, [1 + 0x1p-23, 1 - 0x1p-24])
    var sum = GramAccumulator(dimension: 2)
    try sum.add(rows: x, workers: .serial)
    let gram = sum.gram(workers: .serial)
    #expect(gram[0, 0] == 1 + 0x1p-22 + 0x1p-46)
    #expect(gram[1, 0] == (1 + 0x1p-23) * (1 - 0x1p-24))
  }

  @Test("a Gram matrix wider than a tile has the right elements")
  func tiles() throws {
    let x = Matrix<Float>.random(40, 600)
    var sum = GramAccumulator(dimension: 600)
    try sum.add(rows: x, workers: Workers(threads: 2))
    let gram = sum.gram(workers: Workers(threads: 2))
    for (i, j) in [(0, 0), (599, 599), (599, 0), (0, 599), (303, 304), (304, 303), (511, 512)] {
      let exact = (0..<40).reduce(0) { $0 + Double(x[$1, i]) * Double(x[$1, j]) }
      #expect(abs(gram[i, j] - exact) <= 1e-12)
    }
  }

  @Test("the cross Gram matrix is X^T Y, and X^T X where both streams are the same")
  func cross() throws {
    for (tokens, left, right) in [(0, 2, 3), (1, 1, 1), (33, 9, 14), (1030, 5, 3)] {
      let (x, y) = (Matrix<Float>.random(tokens, left), Matrix<Float>.random(tokens, right, seed: 9))
      var sum = CrossGramAccumulator(left: left, right: right)
      try sum.add(left: x, right: y, workers: Workers(threads: 2))
      let exact = Matrix.naiveProduct(x.wide.transposed(), y.wide)
      #expect((sum.gram - exact).norm <= 1e-15 * Double(tokens + 1) * x.wide.norm * max(y.wide.norm, 1))
    }
    let x = Matrix<Float>.random(30, 8)
    var (cross, own) = (CrossGramAccumulator(left: 8, right: 8), GramAccumulator(dimension: 8))
    try cross.add(left: x, right: x, workers: .serial)
    try own.add(rows: x, workers: .serial)
    #expect((cross.gram - own.gram(workers: .serial)).norm <= 1e-13 * x.frobeniusNormSquared)
  }

  @Test("rows of another width, and streams of different lengths, are refused")
  func refused() {
    let shapes = failure { () throws(LinearAlgebraError) in
      var sum = GramAccumulator(dimension: 3)
      try sum.add(rows: Matrix<Float>(rows: 2, columns: 4), workers: .serial)
    }
    #expect(shapes == .shapes(operation: "gram", [[2, 4], [3, 3]]))
    let streams = failure { () throws(LinearAlgebraError) in
      var sum = CrossGramAccumulator(left: 3, right: 3)
      try sum.add(
        left: Matrix<Float>(rows: 2, columns: 3), right: Matrix<Float>(rows: 1, columns: 3), workers: .serial)
    }
    #expect(streams == .shapes(operation: "cross gram", [[2, 3], [1, 3], [3, 3]]))
  }
}
