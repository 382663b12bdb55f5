import Graph

/// The hyperparameters of a model as metadata of a GGUF file.
struct GGUFHyperparameters {
  let metadata: [(key: String, value: GGUFValue)]
  let rotary: GGUFRotary
  let notes: [String]

  init(_ configuration: DecoderConfiguration, _ architecture: GGUFArchitecture) throws(GGUFObstacle) {
    guard let positions = UInt32(exactly: configuration.maximumPositions) else {
      throw .tooManyPositions(configuration.maximumPositions)
    }
    let prefix = architecture.name
    func key(_ name: String, _ value: Int) -> (key: String, value: GGUFValue) {
      ("\(prefix).\(name)", .u32(UInt32(value)))
    }
    rotary = try GGUFRotary(configuration, architecture)
    var notes = rotary.notes
    var metadata = [
      ("\(prefix).context_length", .u32(positions)),
      key("embedding_length", configuration.hiddenSize), key("block_count", configuration.blockCount),
      key("feed_forward_length", configuration.intermediateSize),
      key("attention.head_count", configuration.headCount),
      key("attention.head_count_kv", configuration.keyValueHeadCount),
      ("\(prefix).attention.layer_norm_rms_epsilon", .f32(Float(configuration.normEpsilon))),
      key("attention.key_length", configuration.headDimension),
      key("attention.value_length", configuration.headDimension),
      key("vocab_size", configuration.vocabularySize),
    ]
    metadata += rotary.metadata
    if let window = try Self.window(configuration), let exact = UInt32(exactly: window) {
      metadata.append(("\(prefix).attention.sliding_window", .u32(exact)))
      notes.append(
        "the sliding window of \(window) positions is written, but llama.cpp does not apply it to \"\(prefix)\": "
          + "texts longer than that give other results")
    }
    self.metadata = metadata
    self.notes = notes
  }

  /// The window of all blocks; nil where none is shorter than the longest sequence.
  private static func window(_ configuration: DecoderConfiguration) throws(GGUFObstacle) -> Int? {
    let windows = configuration.windows.map { min($0 ?? .max, configuration.maximumPositions) }
    if let odd = windows.firstIndex(where: { $0 != windows.first }) { throw .mixedWindows(firstBlock: odd) }
    guard let window = windows.first, window < configuration.maximumPositions else { return nil }
    return window
  }
}
