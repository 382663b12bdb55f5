import Foundation
import TestSupport
import Testing

@testable import Generation

@Suite struct SamplingTests {
  static let logits: [Float] = [1, 3, -2, 3, 0.5, 2]

  @Test("without a temperature the likeliest token is taken, of equals the first")
  func greedy() {
    #expect(Sampling.greedy.token(from: Self.logits, step: 0) == 1)
    #expect(Sampling.greedy.token(from: [-1], step: 5) == 0)
  }

  @Test("the limits leave the likeliest: top-k 1 and a top-p near 0 are greedy")
  func limits() {
    for step in 0..<200 {
      let one = Sampling(temperature: 3, topK: 1, seed: 4)
      let little = Sampling(temperature: 3, topP: 0, seed: 4)
      #expect(one.token(from: Self.logits, step: step) == 1)
      #expect(little.token(from: Self.logits, step: step) == 1)
      let three = Sampling(temperature: 3, topK: 3, seed: 4).token(from: Self.logits, step: step)
      #expect([1, 3, 5].contains(three))
    }
  }

  @Test("top-p takes the fewest likeliest tokens that hold the share", arguments: [0.2, 0.5, 0.8, 0.95, 1])
  func nucleus(share: Double) {
    let weights = Self.logits.map { exp(Double($0)) }
    let total = weights.reduce(0, +)
    let order = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
    var allowed: Set<Int32> = []
    var sum = 0.0
    for index in order where sum < share * total {
      allowed.insert(Int32(index))
      sum += weights[index]
    }
    let sampling = Sampling(temperature: 1, topP: share, seed: 7)
    let drawn = Set((0..<5000).map { sampling.token(from: Self.logits, step: $0) })
    #expect(drawn == allowed)
  }

  @Test("tokens are drawn as often as softmax says", arguments: [0.5, 1, 2])
  func frequencies(temperature: Double) {
    let weights = Self.logits.map { exp(Double($0) / temperature) }
    let total = weights.reduce(0, +)
    let count = 20000
    for sampling in [
      Sampling(temperature: temperature, seed: 1), Sampling(temperature: temperature, topK: 6, seed: 2),
    ] {
      var counts = [Int](repeating: 0, count: weights.count)
      for step in 0..<count { counts[Int(sampling.token(from: Self.logits, step: step))] += 1 }
      for (found, weight) in zip(counts, weights) {
        let p = weight / total
        // Five standard deviations of a binomial count.
        #expect(abs(Double(found) - Double(count) * p) <= 5 * (Double(count) * p * (1 - p)).squareRoot() + 1)
      }
    }
  }

  @Test("a draw depends on the seed and the step alone")
  func counters() throws {
    let logits = try RandomModel.normals([400], seed: 1).floats()
    let sampling = Sampling(temperature: 2, topP: 0.9, seed: 3)
    let forwards = (0..<50).map { sampling.token(from: logits, step: $0) }
    let backwards = (0..<50).reversed().map { sampling.token(from: logits, step: $0) }
    #expect(forwards == backwards.reversed())
    #expect(
      forwards != (0..<50).map { Sampling(temperature: 2, topP: 0.9, seed: 4).token(from: logits, step: $0) })
  }

  @Test("logits far apart and a temperature near 0 stay finite")
  func extremes() {
    let steep: [Float] = [-3e38, 3e38, 0]
    for temperature in [1e-300, 1e-3, 1, 100] {
      #expect(Sampling(temperature: temperature, topP: 0.9).token(from: steep, step: 1) == 1)
      #expect(Sampling(temperature: temperature).token(from: steep, step: 1) == 1)
    }
  }
}
