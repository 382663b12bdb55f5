import Foundation
import Graph
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Runtime

@Suite struct AttentionGradientTests {
  /// sum of `weight` times the heads of naive attention in f64.
  private static func value(
    _ q: [Double], _ k: [Double], _ v: [Double], _ weight: [Float], _ attention: Attention, length: Int
  ) -> Double {
    let (d, heads) = (attention.headDimension, attention.headCount)
    let (own, shared) = (heads * d, attention.keyValueHeadCount * d)
    let scale = 1 / Double(d).squareRoot()
    var total = 0.0
    for head in 0..<heads {
      let group = head / (heads / attention.keyValueHeadCount)
      for t in 0..<length {
        let seen = attention.visible(from: t)
        let terms = seen.map { s -> Double in
          var score = 0.0
          for i in 0..<d { score += q[t * own + head * d + i] * k[s * shared + group * d + i] }
          return exp(scale * score)
        }
        let sum = terms.reduce(0, +)
        for (s, term) in zip(seen, terms) {
          var gain = 0.0
          for i in 0..<d { gain += v[s * shared + group * d + i] * Double(weight[t * own + head * d + i]) }
          total += term / sum * gain
        }
      }
    }
    return total
  }

  @Test(
    "gradients of queries, keys and values are slopes of attention across the borders of its tiles",
    arguments: [nil, 1, 20, 140])
  func slopes(window: Int?) throws {
    let length = Attention.queryRows + 22
    let attention = Attention(headCount: 4, keyValueHeadCount: 2, headDimension: 4, window: window)
    let q = Numbers.matrix(length, 16, seed: 1)
    let k = Numbers.matrix(length, 8, seed: 2)
    let v = Numbers.matrix(length, 8, seed: 3)
    let weight = Numbers.matrix(length, 16, seed: 4)
    var (queries, keys, values) = (q, k, v)
    try queries.withMutableView { dq in
      try keys.withMutableView { dk in
        try values.withMutableView { dv in
          try attention.backward(
            queries: q.withView { $0 }, keys: k.withView { $0 }, values: v.withView { $0 },
            gradient: weight.withView { $0 }, queryGradient: dq, keyGradient: dk, valueGradient: dv,
            GradientWorkspace())
        }
      }
    }
    let gradients = [queries, keys, values]
    let inputs = [q, k, v].map { $0.elements.map(Double.init) }
    for part in 0..<3 {
      let direction = Numbers.normals(inputs[part].count, seed: UInt64(5 + part)).map(Double.init)
      func moved(_ step: Double) -> Double {
        var inputs = inputs
        inputs[part] = zip(inputs[part], direction).map { $0 + step * $1 }
        return Self.value(inputs[0], inputs[1], inputs[2], weight.elements, attention, length: length)
      }
      let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5
      let found = zip(gradients[part].elements, direction).reduce(0) { $0 + Double($1.0) * $1.1 }
      let size = gradients[part].frobeniusNormSquared.squareRoot()
      #expect(abs(found - expected) < 1e-4 * size + 1e-4, "\(part): \(found), \(expected)")
    }
    withExtendedLifetime((q, k, v, weight)) {}
  }

  @Test("a head converted in runs of rows has the gradients of a prepared one")
  func streamedHead() throws {
    let configuration = RandomModel.configuration(hiddenSize: 8, vocabularySize: 9000)
    let model = try RandomModel.model(configuration, elementType: .bf16)
    let states = Numbers.matrix(5, 8, seed: 1)
    let tokens: [Int32] = [1, 8000, 5000, 4095, 4096]
    func gradient(_ head: LanguageModelHead) throws -> (TokenLoss.Value, Matrix<Float>) {
      var result = Matrix<Float>(rows: 5, columns: 8)
      var none: LinearGradient?
      let workspace = GradientWorkspace()
      let loss = TokenLoss(nextTokenWeight: 1, divergenceWeight: 0)
      let value = try result.withMutableView { target in
        try states.withView {
          try head.loss(
            $0, tokens: tokens, loss, reference: nil, gradient: target, LinearSelection(), into: &none,
            workspace)
        }
      }
      return (value, result)
    }
    let prepared = try gradient(LanguageModelHead(model: model))
    let streamed = try gradient(LanguageModelHead(model: model, preparedLimit: 0))
    #expect(abs(prepared.0.nextToken - streamed.0.nextToken) < 1e-5)
    #expect(Numbers.distance(streamed.1.elements, prepared.1.elements.map(Double.init)) < 1e-6)
    #expect(prepared.1.row(4).allSatisfy { $0 == 0 } && prepared.1.row(0).contains { $0 != 0 })
  }
}
