/// What is wrong with a model's `config.json`.
public enum ConfigurationFault: Error, Equatable, CustomStringConvertible {
  case notAnObject
  case missing(key: String)
  /// A value of the wrong kind or out of its range.
  case senseless(key: String, found: String, expected: String)
  case noArchitecture(known: [String])
  case unknownArchitecture(found: String, known: [String])
  case unknownChoice(key: String, found: String, known: [String])
  case headsDoNotDivide(hiddenSize: Int, headCount: Int)
  case headsNotMultiple(headCount: Int, keyValueHeadCount: Int)
  case rotaryPerLayer(key: String)
  case oddRotaryDimensions(found: Int, headDimension: Int)
  case quantized(method: String)
  /// Quantised by a method that Lathe reads, in a way that it does not.
  case quantizedOtherwise(method: String, reason: String)
  case layoutVersion(found: String, known: Int)

  public var description: String {
    switch self {
    case .notAnObject: "is no JSON object; give the config.json of a model"
    case .missing(let key): "the key \"\(key)\" is missing; add it"
    case .senseless(let key, let found, let expected):
      "\"\(key)\" is \(found), but must be \(expected); correct it"
    case .noArchitecture(let known):
      "neither \"model_type\" nor \"architectures\" names an architecture; set \"model_type\" to one of "
        + known.joined(separator: ", ")
    case .unknownArchitecture(let found, let known):
      "architecture \"\(found)\" is not known to Lathe; choose a model of one of "
        + known.joined(separator: ", ")
    case .unknownChoice(let key, let found, let known):
      "\"\(key)\" is \"\(found)\", which Lathe does not know; choose a model that has one of "
        + known.joined(separator: ", ")
    case .headsDoNotDivide(let hiddenSize, let headCount):
      "\"hidden_size\" \(hiddenSize) is no multiple of \"num_attention_heads\" \(headCount); "
        + "correct them or add \"head_dim\""
    case .headsNotMultiple(let headCount, let keyValueHeadCount):
      "\"num_attention_heads\" \(headCount) is no multiple of \"num_key_value_heads\" \(keyValueHeadCount); "
        + "correct them"
    case .rotaryPerLayer(let key):
      "\"\(key)\" has different rotary positions by layer type, which Lathe does not support; "
        + "choose a model with one rotary embedding"
    case .oddRotaryDimensions(let found, let headDimension):
      "\(found) of \(headDimension) dimensions of each head are rotated, but rotation needs pairs; "
        + "correct \"head_dim\" or \"partial_rotary_factor\""
    case .quantized(let method):
      "the model is already quantised by \"\(method)\"; start from the model that is not quantised"
    case .quantizedOtherwise(let method, let reason):
      "the model is quantised by \"\(method)\" in a way that is not read: \(reason); start from the model that is "
        + "not quantised"
    case .layoutVersion(let found, let known):
      "its factored layers are written in layout version \(found), but this Lathe reads version \(known); "
        + "use a newer Lathe"
    }
  }
}
