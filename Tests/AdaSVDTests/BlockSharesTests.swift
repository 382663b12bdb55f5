import Testing

@testable import AdaSVDStrategy

@Suite struct BlockSharesTests {
  private static func mean(_ shares: [Double], _ weights: [Double]) -> Double {
    zip(shares, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
  }

  @Test("equal blocks and no cut give the paper's formula: keep_i = mrr + I_i / mean(I) (trr - mrr)")
  func thePapersFormula() {
    let importance = [0.35, 0.05, 0.1, 0.1]
    let shares = BlockShares.shares(importance: importance, weights: [8, 8, 8, 8], mean: 0.6, minimum: 0.5)
    for (value, share) in zip(importance, shares) { #expect(abs(share - (0.5 + value / 0.15 * 0.1)) < 1e-15) }
  }

  @Test(
    "the mean by weight is the target and no share leaves [minimum, 1]", arguments: [0.3, 0.6, 0.8, 0.97])
  func theMeanStays(mean: Double) {
    let rows: [[Double]] = [
      [1, 1, 1, 1], [20, 1, 1, 1], [400, 20, 0.5, 0.01], [0, 0, 0, 1], [1, 0, 0, 0], [1e-300, 0, 1e-300, 0],
    ]
    for importance in rows {
      for weights in [[1.0, 1, 1, 1], [3, 1, 5, 2], [1, 0, 1, 1]] {
        for minimum in [0, mean - 0.1, mean / 2] {
          let shares = BlockShares.shares(
            importance: importance, weights: weights, mean: mean, minimum: minimum)
          #expect(shares.allSatisfy { $0 >= min(minimum, mean) - 1e-12 && $0 <= 1 + 1e-12 })
          #expect(abs(Self.mean(shares, weights) - mean) < 1e-12)
          for (i, a) in importance.enumerated() {
            for (j, b) in importance.enumerated() where a < b { #expect(shares[i] <= shares[j] + 1e-12) }
          }
        }
      }
    }
  }

  @Test("a block far above the others is full, and the others share what is left by their importance")
  func aDominantBlockIsFull() {
    let shares = BlockShares.shares(
      importance: [40, 1, 2, 1], weights: [1, 1, 1, 1], mean: 0.6, minimum: 0.4)
    #expect(shares[0] == 1)
    #expect(abs((shares[2] - 0.4) / (shares[1] - 0.4) - 2) < 1e-12)
  }

  @Test("no room below the mean, no importance, or a broken one: the same share for all")
  func noAdaptation() {
    for (importance, minimum) in [
      ([3.0, 1], 0.6), ([3, 1], 0.9), ([0, 0], 0.3), ([.nan, 1], 0.3), ([-1, 0], 0.3),
    ] {
      let shares = BlockShares.shares(importance: importance, weights: [1, 1], mean: 0.6, minimum: minimum)
      #expect(shares == [0.6, 0.6])
    }
  }
}
