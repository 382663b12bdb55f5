import Glibc
import PluginKit

/// The scales of one input: AWQ (arXiv 2306.00978, section 3.2).
///
/// Feature j with mean magnitude `a_j` gets `s_j = a_j^alpha / sqrt(max a^alpha min a^alpha)`: the weights that meet large inputs
/// are enlarged before they are rounded, and lose less. Of the alphas 0, 1/steps, ... below 1, the one counts with the
/// least `sum over linears of ||(W - Q(W diag(s)) diag(1/s)) X||^2` on sampled inputs X. For alpha 0 all scales are 1.
///
/// Features that must be scaled alike share the mean of their magnitudes.
struct InputScales {
  let alpha: Double
  /// `[in]`.
  let values: [Float]
  /// The sum above, and that for alpha 0.
  let loss: Double
  let unscaledLoss: Double

  /// - loss: the sum above for given scales.
  init(
    magnitudes: [Double], classes: [Int], steps: Int, loss: ([Float]) throws(StrategyError) -> Double
  ) throws(StrategyError) {
    let shared = try Self.shared(magnitudes, classes)
    var best: (step: Int, loss: Double)?
    var unscaled = 0.0
    for step in 0..<steps {
      let found = try loss(Self.scales(shared, Double(step) / Double(steps)))
      if step == 0 { unscaled = found }
      if found < best?.loss ?? .infinity { best = (step, found) }
    }
    guard let best else {
      throw StrategyError(.numerical, "the errors on the sampled inputs are not finite")
    }
    alpha = Double(best.step) / Double(steps)
    values = Self.scales(shared, alpha)
    self.loss = best.loss
    unscaledLoss = unscaled
  }

  /// The mean magnitude of each feature's class, never 0.
  private static func shared(_ magnitudes: [Double], _ classes: [Int]) throws(StrategyError) -> [Double] {
    guard magnitudes.count == classes.count, magnitudes.allSatisfy(\.isFinite) else {
      throw StrategyError(.numerical, "the mean magnitudes of the inputs are not finite")
    }
    var sums = [Double](repeating: 0, count: (classes.max() ?? -1) + 1)
    var counts = sums
    for (feature, place) in classes.enumerated() {
      sums[place] += magnitudes[feature]
      counts[place] += 1
    }
    let largest = magnitudes.max() ?? 0
    return classes.map { largest > 0 ? max(sums[$0] / counts[$0], 1e-4 * largest) : 1 }
  }

  private static func scales(_ magnitudes: [Double], _ alpha: Double) -> [Float] {
    let powers = magnitudes.map { alpha == 0 ? 1 : pow($0, alpha) }
    let middle = ((powers.max() ?? 1) * (powers.min() ?? 1)).squareRoot()
    return powers.map { Float($0 / middle) }
  }
}
