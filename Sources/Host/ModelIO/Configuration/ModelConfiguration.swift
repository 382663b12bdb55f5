import Graph

/// Reads hyperparameters from the `config.json` of a Hugging Face folder, in the style of any `transformers`.
public enum ModelConfiguration {
  /// The hyperparameters in `json`, which was read from `path`. Absent keys mean what `transformers` makes of them.
  public static func parse(_ json: JSON, path: String) throws(ModelIOError) -> DecoderConfiguration {
    do { return try parse(json) } catch { throw .configuration(path: path, error) }
  }

  private static func parse(_ json: JSON) throws(ConfigurationFault) -> DecoderConfiguration {
    guard let members = json.objectValue else { throw .notAnObject }
    let object = ConfigurationObject(members)
    let architecture = try architecture(of: object)
    let defaults = ConfigurationDefaults(architecture: architecture.name)

    let hiddenSize = try object.extent("hidden_size", default: nil)
    let headCount = try object.extent("num_attention_heads", default: nil)
    let keyValueHeadCount = try object.extent(
      "num_key_value_heads",
      default: members["num_key_value_heads"] == nil ? defaults.keyValueHeadCount ?? headCount : headCount)
    guard headCount.isMultiple(of: keyValueHeadCount) else {
      throw .headsNotMultiple(headCount: headCount, keyValueHeadCount: keyValueHeadCount)
    }
    let headDimension = try headDimension(object, hiddenSize: hiddenSize, headCount: headCount, defaults)
    let blockCount = try object.extent("num_hidden_layers", default: nil, limit: 1 << 16)
    let maximumPositions = try object.extent(
      "max_position_embeddings", default: defaults.maximumPositions, limit: 1 << 40)

    return DecoderConfiguration(
      architecture: architecture.name, hiddenSize: hiddenSize,
      intermediateSize: try object.extent("intermediate_size", default: nil), blockCount: blockCount,
      headCount: headCount, keyValueHeadCount: keyValueHeadCount, headDimension: headDimension,
      vocabularySize: try object.extent("vocab_size", default: nil),
      normEpsilon: try object.number("rms_norm_eps", "a number above 0 and below 1") { $0 > 0 && $0 < 1 }
        ?? ConfigurationDefaults.normEpsilon,
      activation: try activation(object),
      rotary: try RotaryConfiguration(
        object, headDimension: headDimension, maximumPositions: maximumPositions),
      isTied: try object.boolean("tie_word_embeddings", default: false),
      hasQueryKeyNorm: architecture.hasQueryKeyNorm,
      windows: try windows(object, rule: architecture.window, blockCount: blockCount, defaults),
      biasedRoles: try biasedRoles(object, architecture), maximumPositions: maximumPositions)
  }

  private static func architecture(
    of object: ConfigurationObject
  ) throws(ConfigurationFault) -> Architecture {
    let known = Architecture.known
    if var type = try object.string("model_type") {
      // A factored export has a type of its own, so that nobody takes it for a plain model.
      if type.hasPrefix(FactorLayout.modelTypePrefix) {
        type.removeFirst(FactorLayout.modelTypePrefix.count)
      }
      guard let found = known.first(where: { $0.name == type }) else {
        throw .unknownArchitecture(found: type, known: known.map(\.name))
      }
      return found
    }
    let classes = object.value("architectures")?.arrayValue?.compactMap(\.stringValue) ?? []
    guard let first = classes.first else { throw .noArchitecture(known: known.map(\.name)) }
    guard let found = known.first(where: { classes.contains($0.className) }) else {
      throw .unknownArchitecture(found: first, known: known.map(\.className))
    }
    return found
  }

  private static func headDimension(
    _ object: ConfigurationObject, hiddenSize: Int, headCount: Int, _ defaults: ConfigurationDefaults
  ) throws(ConfigurationFault) -> Int {
    let absent = object.members["head_dim"] == nil ? defaults.headDimension : nil
    let quotient = hiddenSize.isMultiple(of: headCount) ? hiddenSize / headCount : nil
    if object.value("head_dim") == nil, absent == nil, quotient == nil {
      throw .headsDoNotDivide(hiddenSize: hiddenSize, headCount: headCount)
    }
    // The limit keeps the width of all heads together within the largest extent.
    return try object.extent(
      "head_dim", default: absent ?? quotient, limit: ConfigurationObject.largestExtent / headCount)
  }

  private static func activation(_ object: ConfigurationObject) throws(ConfigurationFault) -> Activation {
    let key = object.value("hidden_act") == nil ? "hidden_activation" : "hidden_act"
    guard let name = try object.string(key) else { return .silu }
    // Other names of the same functions.
    let aliases = ["swish": Activation.silu, "gelu_new": .geluTanh]
    guard let activation = Activation(rawValue: name) ?? aliases[name] else {
      throw .unknownChoice(key: key, found: name, known: Activation.allCases.map(\.rawValue))
    }
    return activation
  }

  private static func biasedRoles(
    _ object: ConfigurationObject, _ architecture: Architecture
  ) throws(ConfigurationFault) -> Set<Role> {
    var roles: Set<Role> = []
    for role in Role.allCases {
      switch architecture.biasRule(of: role) {
      case .never: break
      case .always: roles.insert(role)
      case .key(let key): if try object.boolean(key, default: false) { roles.insert(role) }
      }
    }
    return roles
  }
}
