/// What a linear layer does in its decoder block. Raw values are those of `lathe.h`.
public enum Role: Int32, Sendable, CaseIterable, Codable {
  case other = 0
  case query = 1
  case key = 2
  case value = 3
  case attentionOutput = 4
  case gate = 5
  case up = 6
  case down = 7
  case languageModelHead = 8

  /// The input the layer reads. Layers of one site share their statistics.
  public var site: InputSite {
    switch self {
    case .query, .key, .value: .attention
    case .attentionOutput: .attentionOutput
    case .gate, .up: .mlp
    case .down: .down
    case .languageModelHead, .other: .head
    }
  }
}

/// A place in a decoder block where linear layers read their input, `[T, in]`.
public enum InputSite: Int, Sendable, CaseIterable {
  /// The normalised residual stream, read by query, key and value.
  case attention
  /// The concatenated attention heads, read by the output projection.
  case attentionOutput
  /// The normalised residual stream, read by gate and up.
  case mlp
  /// The gated hidden units, read by the down projection.
  case down
  /// The normalised last hidden state, read by the language model head.
  case head
}
