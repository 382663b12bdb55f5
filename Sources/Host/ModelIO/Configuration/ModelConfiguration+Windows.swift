import Graph

extension ModelConfiguration {
  private static let layerTypes = ["full_attention", "sliding_attention"]

  /// The window of each block.
  static func windows(
    _ object: ConfigurationObject, rule: Architecture.WindowRule, blockCount: Int,
    _ defaults: ConfigurationDefaults
  ) throws(ConfigurationFault) -> [Int?] {
    let none = [Int?](repeating: nil, count: blockCount)
    switch rule {
    case .never: return none
    case .everyBlock:
      return [Int?](repeating: try window(object, defaults), count: blockCount)
    case .gated:
      guard try object.boolean("use_sliding_window", default: false) else { return none }
      guard let window = try window(object, defaults) else { return none }
      if let types = try layerTypes(object, blockCount: blockCount) {
        return types.map { $0 == "sliding_attention" ? window : nil }
      }
      let first =
        try object.integer("max_window_layers", in: 0...ConfigurationObject.largestExtent)
        ?? defaults.maximumWindowLayers
      return (0..<blockCount).map { $0 >= first ? window : nil }
    }
  }

  /// Nil when the key is null: then no block has a window.
  private static func window(
    _ object: ConfigurationObject, _ defaults: ConfigurationDefaults
  ) throws(ConfigurationFault) -> Int? {
    guard object.members["sliding_window"] != nil else { return defaults.slidingWindow }
    return try object.integer("sliding_window", in: 1...(1 << 40))
  }

  private static func layerTypes(
    _ object: ConfigurationObject, blockCount: Int
  ) throws(ConfigurationFault) -> [String]? {
    guard let value = object.value("layer_types") else { return nil }
    guard let types = value.arrayValue, types.count == blockCount else {
      throw object.senseless("layer_types", "an array with an entry for each of the \(blockCount) layers")
    }
    var names: [String] = []
    for type in types {
      guard let name = type.stringValue else {
        throw object.senseless("layer_types", "an array of strings")
      }
      guard layerTypes.contains(name) else {
        throw .unknownChoice(key: "layer_types", found: name, known: layerTypes)
      }
      names.append(name)
    }
    return names
  }
}
