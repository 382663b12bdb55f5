import Glibc
import Graph

extension RotaryConfiguration {
  private static let types = ["default", "linear", "dynamic", "llama3", "yarn"]

  /// Reads `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling` (before it).
  init(
    _ object: ConfigurationObject, headDimension: Int, maximumPositions: Int
  ) throws(ConfigurationFault) {
    // A scaling in the old style wins, as it does in transformers.
    let old = object.value("rope_scaling")
    let key = old == nil || old?.objectValue?.isEmpty == true ? "rope_parameters" : "rope_scaling"
    var members = try object.object(key)?.members ?? JSONObject()
    // Some configurations keep it outside.
    let original = "original_max_position_embeddings"
    if members[original]?.isNull ?? true { members[original] = object.value(original) }
    let parameters = ConfigurationObject(members, prefix: key + ".")
    if parameters.members.contains(where: { $0.key.hasSuffix("_attention") }) {
      throw .rotaryPerLayer(key: key)
    }

    self.init(
      theta: try Self.number("rope_theta", "a number above 1", parameters, object) { $0 > 1 }
        ?? ConfigurationDefaults.theta,
      dimensions: try Self.dimensions(parameters, object, headDimension: headDimension),
      scaling: try Self.scaling(parameters, maximumPositions: maximumPositions))
  }

  /// A number among the rotary parameters, else beside them.
  private static func number(
    _ key: String, _ expected: String, _ inner: ConfigurationObject, _ outer: ConfigurationObject,
    _ accepts: (Double) -> Bool
  ) throws(ConfigurationFault) -> Double? {
    if let number = try inner.number(key, expected, accepts) { return number }
    return try outer.number(key, expected, accepts)
  }

  /// The rotated part of a head, `floor(head_dim * partial_rotary_factor)`.
  private static func dimensions(
    _ parameters: ConfigurationObject, _ object: ConfigurationObject, headDimension: Int
  ) throws(ConfigurationFault) -> Int {
    let factor =
      try number("partial_rotary_factor", "a number above 0 and at most 1", parameters, object) {
        $0 > 0 && $0 <= 1
      } ?? 1
    let dimensions = Int(Double(headDimension) * factor)
    guard dimensions >= 2, dimensions.isMultiple(of: 2) else {
      throw .oddRotaryDimensions(found: dimensions, headDimension: headDimension)
    }
    return dimensions
  }

  private static func scaling(
    _ parameters: ConfigurationObject, maximumPositions: Int
  ) throws(ConfigurationFault) -> Scaling {
    let key = parameters.value("rope_type") == nil ? "type" : "rope_type"
    let type = try parameters.string(key) ?? "default"
    switch type {
    case "default": return .none
    case "linear": return .linear(factor: try factor(parameters))
    case "dynamic":
      return .dynamic(factor: try factor(parameters), originalPositions: maximumPositions)
    case "llama3":
      let low = try positive(parameters, "low_freq_factor")
      let high = try positive(parameters, "high_freq_factor")
      guard high > low else {
        throw parameters.senseless("high_freq_factor", "greater than \"low_freq_factor\"")
      }
      return .llama3(
        factor: try factor(parameters), lowFactor: low, highFactor: high,
        originalPositions: try originalPositions(parameters, maximumPositions))
    case "yarn": return try yarn(parameters, maximumPositions: maximumPositions)
    default: throw .unknownChoice(key: parameters.name(key), found: type, known: types)
    }
  }

  /// Absent parameters are those of arXiv 2309.00071; the attention factor is `0.1 ln(factor) + 1`, or the quotient
  /// of that with `mscale` and with `mscale_all_dim` in the place of 0.1's factor 1.
  private static func yarn(
    _ parameters: ConfigurationObject, maximumPositions: Int
  ) throws(ConfigurationFault) -> Scaling {
    let original = try originalPositions(parameters, maximumPositions)
    let stretch =
      parameters.value("factor") == nil && parameters.members["factor"] != nil
      ? max(1, Double(maximumPositions) / Double(original)) : try factor(parameters)
    let nonNegative = { (key: String) throws(ConfigurationFault) -> Double? in
      try parameters.number(key, "a number of at least 0") { $0 >= 0 }.flatMap { $0 == 0 ? nil : $0 }
    }
    // Zero counts as absent here.
    let betaFast = try nonNegative("beta_fast") ?? 32
    let betaSlow = try nonNegative("beta_slow") ?? 1
    guard betaFast >= betaSlow else {
      throw parameters.senseless("beta_fast", "at least \"beta_slow\", which is \(betaSlow)")
    }
    let mscale = try nonNegative("mscale")
    let mscaleAll = try nonNegative("mscale_all_dim")
    let magnitude = { (scale: Double) in stretch <= 1 ? 1 : 0.1 * scale * log(stretch) + 1 }
    let derived: Double
    if let mscale, let mscaleAll {
      derived = magnitude(mscale) / magnitude(mscaleAll)
    } else {
      derived = magnitude(1)
    }
    return .yarn(
      factor: stretch, betaFast: betaFast, betaSlow: betaSlow, originalPositions: original,
      attentionFactor: try parameters.number("attention_factor", "a number above 0") { $0 > 0 } ?? derived,
      truncate: try parameters.boolean("truncate", default: true))
  }

  private static func factor(_ parameters: ConfigurationObject) throws(ConfigurationFault) -> Double {
    guard let factor = try parameters.number("factor", "a number of at least 1", { $0 >= 1 }) else {
      throw .missing(key: parameters.name("factor"))
    }
    return factor
  }

  private static func positive(
    _ parameters: ConfigurationObject, _ key: String
  ) throws(ConfigurationFault) -> Double {
    guard let number = try parameters.number(key, "a number above 0", { $0 > 0 }) else {
      throw .missing(key: parameters.name(key))
    }
    return number
  }

  private static func originalPositions(
    _ parameters: ConfigurationObject, _ maximumPositions: Int
  ) throws(ConfigurationFault) -> Int {
    try parameters.extent("original_max_position_embeddings", default: maximumPositions, limit: 1 << 40)
  }
}
