/// What absent keys of `config.json` stand for. Source: the configuration classes of transformers 5.23.0.
struct ConfigurationDefaults {
  var maximumPositions: Int
  /// Nil: as many as query heads. A key that is null always means that.
  var keyValueHeadCount: Int?
  /// Nil: hidden size by heads. A key that is null always means that.
  var headDimension: Int?
  /// Where the architecture has windows at all. A key that is null means none.
  var slidingWindow = 4096
  var maximumWindowLayers = 28

  static let normEpsilon = 1e-6
  static let theta = 10_000.0

  init(architecture: String) {
    switch architecture {
    case "mistral": (maximumPositions, keyValueHeadCount, headDimension) = (131_072, 8, nil)
    case "qwen2": (maximumPositions, keyValueHeadCount, headDimension) = (32_768, 32, nil)
    case "qwen3": (maximumPositions, keyValueHeadCount, headDimension) = (32_768, 32, 128)
    default: (maximumPositions, keyValueHeadCount, headDimension) = (2_048, nil, nil)
    }
  }
}
