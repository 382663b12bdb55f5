import LinearAlgebra
import Runtime
import TestSupport
import Testing

@Suite struct RMSNormTests {
  /// weight * x / sqrt(mean(x^2) + epsilon), in f64.
  static func oracle(_ x: [Double], weight: [Float], epsilon: Double) -> [Double] {
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    return zip(x, weight).map { $0 * Double($1) / (mean + epsilon).squareRoot() }
  }

  @Test("rows are normalised as in f64", arguments: [1, 16, 37, 300])
  func rows(width: Int) {
    let input = Numbers.matrix(3, width, seed: 1, deviation: 5)
    let norm = RMSNorm(weight: Numbers.normals(width, seed: 2), epsilon: 1e-5)
    var output = Matrix<Float>(rows: 3, columns: width)
    output.withMutableView { target in input.withView { norm.forward($0, into: target) } }
    for row in 0..<3 {
      let expected = Self.oracle(input.row(row).map(Double.init), weight: norm.weight, epsilon: 1e-5)
      #expect(Numbers.distance(output.row(row), expected) < 3e-6)
    }
  }

  @Test("a norm narrower than a row normalises each head for itself, in place")
  func heads() {
    let norm = RMSNorm(weight: Numbers.normals(6, seed: 3), epsilon: 1e-2)
    let input = Numbers.matrix(2, 18, seed: 4)
    var output = input
    output.withMutableView { norm.forward($0) }
    for row in 0..<2 {
      for head in 0..<3 {
        let part = input.row(row)[6 * head..<6 * head + 6].map(Double.init)
        let expected = Self.oracle(part, weight: norm.weight, epsilon: 1e-2)
        #expect(Numbers.distance(Array(output.row(row)[6 * head..<6 * head + 6]), expected) < 1e-6)
      }
    }
  }
}
