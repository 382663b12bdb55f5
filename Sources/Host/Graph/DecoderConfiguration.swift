/// The hyperparameters of a decoder-only transformer with pre-normalisation, rotary positions and a gated MLP.
public struct DecoderConfiguration: Sendable, Equatable, Codable {
  public var architecture: String
  /// Width of the residual stream, `D`.
  public var hiddenSize: Int
  /// Hidden units of the MLP, `F`.
  public var intermediateSize: Int
  public var blockCount: Int
  /// Query heads, `H`.
  public var headCount: Int
  /// Key and value heads; `headCount` is a multiple of it.
  public var keyValueHeadCount: Int
  public var headDimension: Int
  /// `V`.
  public var vocabularySize: Int
  public var normEpsilon: Double
  public var activation: Activation
  public var rotary: RotaryConfiguration
  /// Whether the language model head is the embedding matrix.
  public var isTied: Bool
  /// Whether query and key heads are RMS-normalised before rotation.
  public var hasQueryKeyNorm: Bool
  /// Positions a query sees, itself included, by block; nil means all before it.
  public var windows: [Int?]
  /// Roles whose layers have a bias.
  public var biasedRoles: Set<Role>
  /// Longest sequence the model was made for.
  public var maximumPositions: Int

  public init(
    architecture: String, hiddenSize: Int, intermediateSize: Int, blockCount: Int, headCount: Int,
    keyValueHeadCount: Int, headDimension: Int, vocabularySize: Int, normEpsilon: Double,
    activation: Activation, rotary: RotaryConfiguration, isTied: Bool, hasQueryKeyNorm: Bool,
    windows: [Int?], biasedRoles: Set<Role>, maximumPositions: Int
  ) {
    self.architecture = architecture
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.blockCount = blockCount
    self.headCount = headCount
    self.keyValueHeadCount = keyValueHeadCount
    self.headDimension = headDimension
    self.vocabularySize = vocabularySize
    self.normEpsilon = normEpsilon
    self.activation = activation
    self.rotary = rotary
    self.isTied = isTied
    self.hasQueryKeyNorm = hasQueryKeyNorm
    self.windows = windows
    self.biasedRoles = biasedRoles
    self.maximumPositions = maximumPositions
  }

  /// `[out, in]` of the layer with `role`.
  public func shape(of role: Role) -> [Int] {
    let queries = headCount * headDimension
    let keys = keyValueHeadCount * headDimension
    switch role {
    case .query: return [queries, hiddenSize]
    case .key, .value: return [keys, hiddenSize]
    case .attentionOutput: return [hiddenSize, queries]
    case .gate, .up: return [intermediateSize, hiddenSize]
    case .down: return [hiddenSize, intermediateSize]
    case .languageModelHead, .other: return [vocabularySize, hiddenSize]
    }
  }
}

/// The nonlinearity on the gate of the MLP. Raw values are `hidden_act` names.
public enum Activation: String, Sendable, CaseIterable, Codable {
  case silu
  case gelu
  case geluTanh = "gelu_pytorch_tanh"
  case relu
}

/// Rotary position embedding: angle of pair `i` at position `p` is `p * theta^(-2i/d)`, rescaled.
public struct RotaryConfiguration: Sendable, Equatable, Codable {
  /// How frequencies are stretched beyond the trained context.
  public enum Scaling: Sendable, Equatable, Codable {
    case none
    /// All angles divided by `factor`.
    case linear(factor: Double)
    /// Base raised with the sequence length beyond `originalPositions` (NTK).
    case dynamic(factor: Double, originalPositions: Int)
    /// Llama 3.1: low frequencies divided by `factor`, high ones kept, a linear blend between.
    case llama3(factor: Double, lowFactor: Double, highFactor: Double, originalPositions: Int)
    /// YaRN (arXiv 2309.00071): blend by wavelength, attention scaled by `attentionFactor`.
    case yarn(
      factor: Double, betaFast: Double, betaSlow: Double, originalPositions: Int, attentionFactor: Double,
      truncate: Bool)
  }

  public var theta: Double
  /// Leading dimensions of each head that are rotated.
  public var dimensions: Int
  public var scaling: Scaling

  public init(theta: Double, dimensions: Int, scaling: Scaling) {
    self.theta = theta
    self.dimensions = dimensions
    self.scaling = scaling
  }
}
