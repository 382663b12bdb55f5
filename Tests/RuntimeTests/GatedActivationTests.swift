import Foundation
import Graph
import LinearAlgebra
import Runtime
import TestSupport
import Testing

@Suite struct GatedActivationTests {
  static func oracle(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .silu: x / (1 + exp(-x))
    case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .relu: max(0, x)
    }
  }

  @Test("f(gate) * up agrees with f64", arguments: Activation.allCases)
  func values(activation: Activation) {
    let gate = Numbers.matrix(5, 203, seed: 1, deviation: 4)
    let up = Numbers.matrix(5, 203, seed: 2)
    var output = Matrix<Float>(rows: 5, columns: 203)
    output.withMutableView { target in
      gate.withView { gate in up.withView { activation.forward(gate: gate, up: $0, into: target) } }
    }
    for ((x, u), y) in zip(zip(gate.elements, up.elements), output.elements) {
      let expected = Self.oracle(activation, Double(x)) * Double(u)
      #expect(abs(Double(y) - expected) <= 4e-7 * abs(Double(x) * Double(u)))
    }
  }

  @Test("far from zero every activation is zero or the identity", arguments: Activation.allCases)
  func limits(activation: Activation) {
    let gate = Matrix<Float>(rows: 1, columns: 4, [-1000, -200, 200, 1000])
    var output = Matrix<Float>(rows: 1, columns: 4, [1, 1, 1, 1])
    output.withMutableView { target in
      gate.withView { activation.forward(gate: $0, up: target.readable, into: target) }
    }
    #expect(output.elements == [0, 0, 200, 1000])
  }

  @Test(
    "gelu keeps its relative precision where it nearly vanishes", arguments: [Activation.gelu, .geluTanh])
  func tail(activation: Activation) {
    let inputs = (1...500).map { -Float($0) / 100 }
    let gate = Matrix<Float>(rows: 1, columns: 500, inputs)
    var output = Matrix<Float>(rows: 1, columns: 500, [Float](repeating: 1, count: 500))
    output.withMutableView { target in
      gate.withView { activation.forward(gate: $0, up: target.readable, into: target) }
    }
    for (x, y) in zip(inputs, output.elements) {
      // erfc and exp, since 1 + erf and 1 + tanh have no digits left there, not even in f64.
      let u = (2 / Double.pi).squareRoot() * (Double(x) + 0.044715 * pow(Double(x), 3))
      let share = activation == .gelu ? 0.5 * erfc(-Double(x) / 2.0.squareRoot()) : 1 / (1 + exp(-2 * u))
      #expect(abs(Double(y) / (Double(x) * share) - 1) < 4e-6)
    }
  }
}
