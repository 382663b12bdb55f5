import Graph

/// A family of decoders as GGUF names it: what it has places for.
struct GGUFArchitecture: Sendable {
  /// The value of `general.architecture`.
  let name: String
  /// Whether rotary pairs are neighbours (0, 1), (2, 3), ... and not halves (0, d/2), (1, d/2 + 1), ...: rows of
  /// queries and keys are then stored in another order.
  let pairsNeighbours: Bool
  /// Roles whose layers may have a bias.
  let biases: Set<Role>
  /// Whether it has `rope_freqs.weight`, which divides each frequency by a number of its own.
  let hasFrequencyFactors: Bool
  /// Whether less than a whole head may be rotated.
  let allowsPartialRotary: Bool
  /// Whether all query heads together must be as wide as the model.
  let needsSquareOutput: Bool

  /// By the names of `Architecture`.
  static let known: [(model: String, architecture: GGUFArchitecture)] = [
    ("llama", .llama), ("mistral", .llama), ("qwen2", .qwen2), ("qwen3", .qwen3),
  ]

  private static let llama = GGUFArchitecture(
    name: "llama", pairsNeighbours: true,
    biases: [.query, .key, .value, .attentionOutput, .gate, .up, .down], hasFrequencyFactors: true,
    allowsPartialRotary: false, needsSquareOutput: false)

  private static let qwen2 = GGUFArchitecture(
    name: "qwen2", pairsNeighbours: false, biases: [.query, .key, .value], hasFrequencyFactors: false,
    allowsPartialRotary: true, needsSquareOutput: true)

  private static let qwen3 = GGUFArchitecture(
    name: "qwen3", pairsNeighbours: false, biases: [.query, .key, .value], hasFrequencyFactors: false,
    allowsPartialRotary: true, needsSquareOutput: false)

  /// The counterpart of a model's architecture, which must have a place for all the model has.
  init(for model: Model) throws(GGUFObstacle) {
    let configuration = model.configuration
    guard let found = Self.known.first(where: { $0.model == configuration.architecture }) else {
      throw .architecture(configuration.architecture, known: Self.known.map(\.model))
    }
    self = found.architecture
    for node in model.nodes where model.linears[node.index].bias != nil && !biases.contains(node.role) {
      throw .bias(linear: node.name, architecture: name)
    }
    guard configuration.activation == .silu else {
      throw .activation(configuration.activation.rawValue, architecture: name)
    }
    let rotary = configuration.rotary
    guard rotary.dimensions == configuration.headDimension || allowsPartialRotary else {
      throw .partialRotary(
        dimensions: rotary.dimensions, headDimension: configuration.headDimension, architecture: name)
    }
    let queries = configuration.headCount * configuration.headDimension
    guard !needsSquareOutput || queries == configuration.hiddenSize else {
      throw .attentionWidth(queries: queries, hiddenSize: configuration.hiddenSize, architecture: name)
    }
  }

  private init(
    name: String, pairsNeighbours: Bool, biases: Set<Role>, hasFrequencyFactors: Bool,
    allowsPartialRotary: Bool, needsSquareOutput: Bool
  ) {
    self.name = name
    self.pairsNeighbours = pairsNeighbours
    self.biases = biases
    self.hasFrequencyFactors = hasFrequencyFactors
    self.allowsPartialRotary = allowsPartialRotary
    self.needsSquareOutput = needsSquareOutput
  }

  /// The name of a linear layer's tensors without `.weight` or `.bias`.
  static func tensorName(of node: Node) -> String {
    let part: String =
      switch node.role {
      case .query: "attn_q"
      case .key: "attn_k"
      case .value: "attn_v"
      case .attentionOutput: "attn_output"
      case .gate: "ffn_gate"
      case .up: "ffn_up"
      case .down: "ffn_down"
      case .languageModelHead, .other: "output"
      }
    return node.block.map { "blk.\($0).\(part)" } ?? part
  }

  /// The rows of a query or key layer in the order in which GGUF has them; nil where the order stays.
  func rowOrder(of role: Role, _ configuration: DecoderConfiguration) -> RowOrder? {
    guard pairsNeighbours, role == .query || role == .key else { return nil }
    let heads = role == .query ? configuration.headCount : configuration.keyValueHeadCount
    return RowOrder(heads: heads, headDimension: configuration.headDimension)
  }
}

/// Rows of rotated heads, from halves to neighbours: row `2 i + j` of a head is row `i + j d/2` of the model's.
struct RowOrder: Sendable, Equatable {
  let heads: Int
  let headDimension: Int

  /// Where in the model row `row` of the file comes from.
  func source(of row: Int) -> Int {
    let (head, place) = row.quotientAndRemainder(dividingBy: headDimension)
    return head * headDimension + place / 2 + place % 2 * (headDimension / 2)
  }
}
