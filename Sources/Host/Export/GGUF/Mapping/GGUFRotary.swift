import Glibc
import Graph

/// Rotary scaling as GGUF says it.
struct GGUFRotary {
  var metadata: [(key: String, value: GGUFValue)] = []
  /// `rope_freqs.weight`: what each frequency is divided by.
  var frequencyFactors: [Float]?
  var notes: [String] = []

  init(_ configuration: DecoderConfiguration, _ architecture: GGUFArchitecture) throws(GGUFObstacle) {
    let rotary = configuration.rotary
    let prefix = "\(architecture.name).rope."
    metadata = [
      ("\(prefix)dimension_count", .u32(UInt32(rotary.dimensions))),
      ("\(prefix)freq_base", .f32(Float(rotary.theta))),
    ]
    switch rotary.scaling {
    case .none: break
    case .linear(let factor):
      metadata += [
        ("\(prefix)scaling.type", .string("linear")), ("\(prefix)scaling.factor", .f32(Float(factor))),
      ]
    case .dynamic: throw .rotaryScaling("dynamic", architecture: architecture.name)
    case .llama3(let factor, let low, let high, let original):
      guard architecture.hasFrequencyFactors else {
        throw .rotaryScaling("llama3", architecture: architecture.name)
      }
      frequencyFactors = Self.llama3Factors(
        rotary, factor: factor, low: low, high: high, originalPositions: original)
    case .yarn(let factor, let fast, let slow, let original, let attentionFactor, let truncate):
      guard truncate, let original = UInt32(exactly: original) else {
        throw .rotaryScaling("yarn with \"truncate\" false", architecture: architecture.name)
      }
      // Readers multiply by the paper's 0.1 ln(factor) + 1 themselves.
      let usual = factor <= 1 ? 1 : 0.1 * log(factor) + 1
      metadata += [
        ("\(prefix)scaling.type", .string("yarn")), ("\(prefix)scaling.factor", .f32(Float(factor))),
        ("\(prefix)scaling.original_context_length", .u32(original)),
        ("\(prefix)scaling.attn_factor", .f32(Float(attentionFactor / usual))),
        ("\(prefix)scaling.yarn_beta_fast", .f32(Float(fast))),
        ("\(prefix)scaling.yarn_beta_slow", .f32(Float(slow))),
      ]
      if fast != 32 || slow != 1 {
        notes.append("the yarn borders \(fast) and \(slow) are written, but llama.cpp takes 32 and 1")
      }
    }
  }

  /// Llama 3.1's frequencies as quotients: 1 for wavelengths below `original / high`, `factor` above
  /// `original / low`, and the inverse of a linear blend of inverses between.
  private static func llama3Factors(
    _ rotary: RotaryConfiguration, factor: Double, low: Double, high: Double, originalPositions: Int
  ) -> [Float] {
    let original = Double(originalPositions)
    return (0..<rotary.dimensions / 2).map { i in
      let wavelength = 2 * .pi * pow(rotary.theta, Double(2 * i) / Double(rotary.dimensions))
      if wavelength < original / high { return 1 }
      if wavelength > original / low { return Float(factor) }
      let blend = (original / wavelength - low) / (high - low)
      return Float(1 / ((1 - blend) / factor + blend))
    }
  }
}
