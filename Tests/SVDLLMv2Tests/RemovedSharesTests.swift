import FakeHost
import PluginKit
import Testing

@testable import SVDLLMv2Strategy

@Suite struct RemovedSharesTests {
  @Test("the mean of a group stays R, through clipping and refilling", arguments: [0.1, 0.4, 0.6, 0.8, 0.93])
  func theMeanStays(mean: Double) {
    for losses in [[1e6, 7e7, 3e6, 2e7], [2, 5, 1e9], [0, 0.5, 1, 2, 1e3], [4, 4, 4]] {
      let weights = losses.map { RemovedShares.weight(loss: $0) }
      let shares = RemovedShares.shares(weights: weights, mean: mean, clamp: 0.95)
      #expect(shares.allSatisfy { $0 >= 0 && $0 <= 0.95 + 1e-15 })
      #expect(abs(shares.reduce(0, +) / Double(shares.count) - mean) < 1e-14)
      for (i, a) in losses.enumerated() {
        for (j, b) in losses.enumerated() where a < b { #expect(shares[i] >= shares[j]) }
      }
    }
  }

  @Test("what is cut off goes to the others in proportion to their weights")
  func refillIsProportional() {
    let shares = RemovedShares.shares(weights: [10, 1, 3], mean: 0.6, clamp: 0.9)
    #expect(shares[0] == 0.9)
    #expect(abs(shares[1] - 0.9 / 4) < 1e-15 && abs(shares[2] - 0.9 * 3 / 4) < 1e-15)
  }

  @Test("a mean above the clamp is the share of all")
  func aMeanAboveTheClamp() {
    #expect(RemovedShares.shares(weights: [1, 2], mean: 0.97, clamp: 0.95) == [0.97, 0.97])
  }

  @Test("the weight is the paper's 1 / log for losses of real models, positive and falling everywhere")
  func theWeightIsSafe() {
    var previous = Double.infinity
    for loss in [0, 1e-300, 0.2, 0.999, 1, 1.001, 2, 1e3, 1e7, 1e150] {
      let weight = RemovedShares.weight(loss: loss)
      #expect(weight > 0 && weight <= previous && weight.isFinite)
      previous = weight
    }
    #expect(abs(RemovedShares.weight(loss: 1e7) * 16.118095650958319 - 1) < 1e-7)
  }

  @Test("scaling the inputs changes the shares and not their order")
  func scalingKeepsTheOrder() {
    let losses = [3e2, 9e4, 2e3, 5e6]
    let orders = [0.001, 0.1, 1, 10, 1e6].map { scale in
      let weights = losses.map { RemovedShares.weight(loss: $0 * scale) }
      let shares = RemovedShares.shares(weights: weights, mean: 0.5, clamp: 0.95)
      return shares.indices.sorted { shares[$0] < shares[$1] }
    }
    #expect(Set(orders).count == 1)
  }
}
