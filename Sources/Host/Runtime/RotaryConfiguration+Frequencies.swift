import Glibc
import Graph

extension RotaryConfiguration {
  /// Factor on cosines and sines; all but YaRN leave them as they are.
  var attentionScale: Float {
    if case .yarn(_, _, _, _, let attentionFactor, _) = scaling { return Float(attentionFactor) }
    return 1
  }

  /// Radians per position of each pair, for sequences of `length` tokens.
  ///
  /// Computed in f32 in the order of the models' own code, since the rounding of a frequency counts once per
  /// position.
  func frequencies(length: Int) -> [Float] {
    switch scaling {
    case .none: return frequencies(base: Float(theta))
    case .linear(let factor): return frequencies(base: Float(theta)).map { $0 / Float(factor) }
    case .dynamic(let factor, let original):
      return frequencies(base: dynamicBase(factor: factor, original: original, length: length))
    case .llama3(let factor, let low, let high, let original):
      return frequencies(base: Float(theta)).map { frequency in
        let turns = Float(original) / (2 * .pi / frequency)
        if turns < Float(low) { return frequency / Float(factor) }
        if turns > Float(high) { return frequency }
        let blend = (turns - Float(low)) / (Float(high) - Float(low))
        return (1 - blend) * frequency / Float(factor) + blend * frequency
      }
    case .yarn(let factor, let fast, let slow, let original, _, let truncate):
      return yarn(factor: factor, fast: fast, slow: slow, original: original, truncate: truncate)
    }
  }

  /// theta^(-2i/d) for pair i of d dimensions.
  private func frequencies(base: Float) -> [Float] { powers(base: base).map { 1 / $0 } }

  private func powers(base: Float) -> [Float] {
    (0..<dimensions / 2).map { pow(base, Float(2 * $0) / Float(dimensions)) }
  }

  /// theta * (s L / L0 - (s - 1))^(d / (d - 2)) beyond the original length L0, theta up to it.
  private func dynamicBase(factor: Double, original: Int, length: Int) -> Float {
    guard length > original, dimensions > 2 else { return Float(theta) }
    let stretch = Float(factor) * Float(length) / Float(original) - Float(factor - 1)
    return Float(theta) * pow(stretch, Float(Double(dimensions) / Double(dimensions - 2)))
  }

  /// arXiv 2309.00071, section 3.2: pairs that turn more than `fast` times over the original length keep their
  /// frequency, those that turn less than `slow` times are divided by the factor, with a linear ramp between.
  private func yarn(factor: Double, fast: Double, slow: Double, original: Int, truncate: Bool) -> [Float] {
    func pair(turning turns: Double) -> Double {
      Double(dimensions) * log(Double(original) / (turns * 2 * .pi)) / (2 * log(theta))
    }
    var low = pair(turning: fast)
    var high = pair(turning: slow)
    if truncate { (low, high) = (low.rounded(.down), high.rounded(.up)) }
    low = max(low, 0)
    high = min(high, Double(dimensions - 1))
    if low == high { high += 0.001 }
    return powers(base: Float(theta)).enumerated().map { i, power in
      let ramp = min(max((Float(i) - Float(low)) / Float(high - low), 0), 1)
      let kept = 1 - ramp
      return 1 / (Float(factor) * power) * (1 - kept) + 1 / power * kept
    }
  }
}
