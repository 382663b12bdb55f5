import Foundation
import LinearAlgebra
import Runtime
import TestSupport
import Testing

@Suite struct AttentionTests {
  /// Attention position by position in f64.
  static func oracle(
    _ attention: Attention, _ q: Matrix<Float>, _ k: Matrix<Float>, _ v: Matrix<Float>
  ) -> [Double] {
    let d = attention.headDimension
    let group = attention.headCount / attention.keyValueHeadCount
    var result: [Double] = []
    for t in 0..<q.rows {
      let query = q.row(t).map(Double.init)
      for head in 0..<attention.headCount {
        let own = head / group * d
        let first = max(0, attention.window.map { t - $0 + 1 } ?? 0)
        let weights = (first...t).map { s in
          exp(
            (0..<d).reduce(0) { $0 + query[head * d + $1] * Double(k[s, own + $1]) } / Double(d).squareRoot())
        }
        let sum = weights.reduce(0, +)
        for i in 0..<d {
          result.append(zip(first...t, weights).reduce(0) { $0 + $1.1 / sum * Double(v[$1.0, own + i]) })
        }
      }
    }
    return result
  }

  @Test(
    "attention agrees with f64 for every grouping, window and length",
    arguments: [(4, 4, 5, 1, nil), (4, 2, 8, 17, nil), (3, 1, 4, 131, nil), (2, 2, 4, 270, nil)]
      + [(2, 1, 4, 40, 1), (2, 1, 4, 140, 7), (2, 1, 4, 270, 100), (2, 1, 4, 30, 64), (2, 1, 4, 260, 128)])
  func values(heads: Int, shared: Int, dimension: Int, length: Int, window: Int?) throws {
    let attention = Attention(
      headCount: heads, keyValueHeadCount: shared, headDimension: dimension, window: window)
    let q = Numbers.matrix(length, heads * dimension, seed: 1)
    let k = Numbers.matrix(length, shared * dimension, seed: 2)
    let v = Numbers.matrix(length, shared * dimension, seed: 3)
    var output = Matrix<Float>(rows: length, columns: heads * dimension)
    try output.withMutableView { output in
      try q.withView { q in
        try k.withView { k in
          try v.withView { try attention.forward(queries: q, keys: k, values: $0, into: output) }
        }
      }
    }
    #expect(Numbers.distance(output.elements, Self.oracle(attention, q, k, v)) < 3e-6)
  }

  @Test("a window of w shows the query itself and w - 1 positions before it")
  func window() {
    let attention = Attention(headCount: 1, keyValueHeadCount: 1, headDimension: 1, window: 3)
    #expect(attention.visible(from: 0) == 0..<1)
    #expect(attention.visible(from: 7) == 5..<8)
  }
}
