import CKernels
import Foundation
import TestSupport
import Testing

/// Rows of the backward pass against f64: formulas where they are short, central differences where they are not.
@Suite struct GradientKernelTests {
  /// The slope of `function` in every entry, from differences in f64.
  private func slopes(_ x: [Double], _ function: ([Double]) -> Double) -> [Double] {
    let step = 1e-5
    return x.indices.map { i in
      var (above, below) = (x, x)
      above[i] += step
      below[i] -= step
      return (function(above) - function(below)) / (2 * step)
    }
  }

  private func dot(_ a: [Double], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * Double($1.1) } }

  @Test(
    "the norm's gradient is the slope of the norm, written, added or in place", arguments: [1, 15, 33, 64])
  func norm(width: Int) {
    let x = Numbers.normals(width, seed: 1)
    let weight = Numbers.normals(width, seed: 2)
    let gradient = Numbers.normals(width, seed: 3)
    let expected = slopes(x.map(Double.init)) { x in
      let inverse = 1 / (x.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-3).squareRoot()
      return dot(zip(x, weight).map { $0 * inverse * Double($1) }, gradient)
    }
    var written = [Float](repeating: .nan, count: width)
    row_rms_norm_backward(x, weight, 1e-3, gradient, 0, &written, width)
    #expect(Numbers.distance(written, expected) < 2e-5)
    var added = [Float](repeating: 1, count: width)
    row_rms_norm_backward(x, weight, 1e-3, gradient, 1, &added, width)
    #expect(Numbers.distance(added, expected.map { $0 + 1 }) < 2e-5)
    var own = gradient
    own.withUnsafeMutableBufferPointer { row in
      row_rms_norm_backward(x, weight, 1e-3, row.baseAddress, 0, row.baseAddress, width)
    }
    #expect(own == written)
  }

  @Test(
    "the softmax's gradient is the slope of the softmax inside its range and zero outside",
    arguments: [1, 17, 100])
  func softmax(length: Int) {
    let scores = Numbers.normals(length + 5, seed: 4)
    let gradient = Numbers.normals(length + 5, seed: 5)
    var p = scores
    row_softmax(&p, 0.5, 2, length + 2, scores.count)
    let seen = scores[2..<length + 2].map(Double.init)
    let expected = slopes(seen) { x in
      let terms = x.map { exp(0.5 * $0) }
      let sum = terms.reduce(0, +)
      return dot(terms.map { $0 / sum }, Array(gradient[2..<length + 2]))
    }
    var result = gradient
    row_softmax_backward(p, &result, 0.5, 2, length + 2, result.count)
    #expect(Numbers.distance(result, [0, 0] + expected + [0, 0, 0]) < 2e-6)
  }

  private typealias Gate =
    @Sendable (
      UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafePointer<Float>
    ) -> Void

  private static func cases(_ count: Int) -> [(name: String, run: Gate, f: @Sendable (Double) -> Double)] {
    [
      ("silu", { row_silu_gate_backward($0, $1, $2, count) }, { $0 / (1 + exp(-$0)) }),
      ("gelu", { row_gelu_gate_backward($0, $1, $2, count) }, { $0 / 2 * (1 + erf($0 / 2.0.squareRoot())) }),
      (
        "gelu tanh", { row_gelu_tanh_gate_backward($0, $1, $2, count) },
        { $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
      ),
      ("relu", { row_relu_gate_backward($0, $1, $2, count) }, { max($0, 0) }),
    ]
  }

  @Test("a gate's gradients are the slopes of f(gate) up")
  func gates() {
    let count = 203
    let gate = Numbers.normals(count, seed: 6, deviation: 3)
    let up = Numbers.normals(count, seed: 7)
    let gradient = Numbers.normals(count, seed: 8)
    for (name, run, f) in Self.cases(count) {
      var (a, b) = (gate, up)
      run(&a, &b, gradient)
      let slope = gate.map { (f(Double($0) + 1e-6) - f(Double($0) - 1e-6)) / 2e-6 }
      let expectedGate = gate.indices.map { slope[$0] * Double(up[$0]) * Double(gradient[$0]) }
      let expectedUp = gate.indices.map { f(Double(gate[$0])) * Double(gradient[$0]) }
      #expect(Numbers.distance(a, expectedGate) < 1e-5, "\(name)")
      #expect(Numbers.distance(b, expectedUp) < 1e-5, "\(name)")
    }
  }

  @Test("turning back is the transpose of turning")
  func rotation() {
    let (x, y) = (Numbers.normals(22, seed: 9), Numbers.normals(22, seed: 10))
    let (cosines, sines) = (Numbers.normals(11, seed: 11), Numbers.normals(11, seed: 12))
    var (turned, back) = (x, y)
    row_rotate(&turned, cosines, sines, 11)
    row_rotate_back(&back, cosines, sines, 11)
    let there = zip(turned, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let again = zip(x, back).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    #expect(abs(there - again) < 1e-5)
  }

  @Test("a distribution's gradient is the difference of two distributions", arguments: [1, 17, 1500])
  func distribution(count: Int) {
    let (q, p) = (
      Numbers.normals(count, seed: 13, deviation: 4), Numbers.normals(count, seed: 14, deviation: 4)
    )
    let (sumQ, sumP) = (row_log_sum_exp(q, count), row_log_sum_exp(p, count))
    var both = q
    row_distribution_gradient(&both, sumQ, 0.75, p, sumP, 0.5, count)
    let expected = q.indices.map { 0.75 * exp(Double(q[$0]) - sumQ) - 0.5 * exp(Double(p[$0]) - sumP) }
    #expect(Numbers.distance(both, expected) < 1e-6)
    var alone = q
    row_distribution_gradient(&alone, sumQ, 0.75, nil, 0, 0, count)
    #expect(Numbers.distance(alone, q.map { 0.75 * exp(Double($0) - sumQ) }) < 1e-6)
  }

  @Test("a draw follows the distribution and hits its ends", arguments: [1, 255, 256, 700])
  func draws(count: Int) {
    let logits = Numbers.normals(count, seed: 15)
    let sum = row_log_sum_exp(logits, count)
    #expect(row_sample(logits, sum, 0, count) == 0)
    #expect(row_sample(logits, sum, 1 - 0x1p-53, count) == count - 1)
    var reached = 0.0
    for index in 0..<count {
      let share = exp(Double(logits[index]) - sum)
      #expect(row_sample(logits, sum, reached + share / 2, count) == index)
      reached += share
    }
  }
}
