/// What a GGUF file cannot say of a model.
public enum GGUFObstacle: Error, Equatable, CustomStringConvertible {
  case architecture(String, known: [String])
  case factored(linear: String)
  case bias(linear: String, architecture: String)
  case activation(String, architecture: String)
  case rotaryScaling(String, architecture: String)
  case partialRotary(dimensions: Int, headDimension: Int, architecture: String)
  case attentionWidth(queries: Int, hiddenSize: Int, architecture: String)
  case mixedWindows(firstBlock: Int)
  case tooManyPositions(Int)
  /// No type holds a quantised layer's codes and scales as they are.
  case noExactType(linear: String, reason: String)
  case unknownType(String)
  /// A value that the tensor's type cannot hold.
  case value(tensor: String, value: Float, type: String)
  case tokenizer(path: String, reason: String)
  /// A file of the tokenizer that cannot be read; the text says which.
  case unreadable(String)
  case layout(GGUFFault)

  public var description: String {
    switch self {
    case .architecture(let name, let known):
      "the architecture \"\(name)\" has no counterpart in GGUF that Lathe knows; export a model of one of "
        + known.joined(separator: ", ")
    case .factored(let linear):
      "\"\(linear)\" is a product of factors, which GGUF cannot store; multiply factors out with --remultiply"
    case .bias(let linear, let architecture):
      "\"\(linear)\" has a bias, which GGUF's architecture \"\(architecture)\" has no place for; "
        + "export to another format"
    case .activation(let name, let architecture):
      "the activation \"\(name)\" is none that GGUF's architecture \"\(architecture)\" has; "
        + "export to another format"
    case .rotaryScaling(let name, let architecture):
      "the rotary scaling \"\(name)\" cannot be written for GGUF's architecture \"\(architecture)\"; "
        + "export to another format"
    case .partialRotary(let dimensions, let headDimension, let architecture):
      "only \(dimensions) of \(headDimension) dimensions of each head are rotated, but GGUF's architecture "
        + "\"\(architecture)\" rotates all; export to another format"
    case .attentionWidth(let queries, let hiddenSize, let architecture):
      "the heads are \(queries) wide together and the model \(hiddenSize), but GGUF's architecture "
        + "\"\(architecture)\" needs both equal; export to another format"
    case .mixedWindows(let block):
      "block \(block) sees another number of positions than block 0, which GGUF cannot say for this "
        + "architecture; export to another format"
    case .tooManyPositions(let count):
      "\(count) positions are more than GGUF can say; lower \"max_position_embeddings\" in config.json"
    case .noExactType(let linear, let reason):
      "\"\(linear)\" cannot be stored in GGUF without loss: \(reason); choose a type with --dtype"
    case .unknownType(let name):
      "\"\(name)\" is no type of GGUF that Lathe writes; choose one of "
        + GGUFType.allCases.map { $0.name.lowercased() }.joined(separator: ", ")
    case .value(let tensor, let value, let type):
      "tensor \"\(tensor)\" holds \(value), which \(type) cannot store; "
        + (value.isFinite ? "choose f32 or bf16 for it" : "mend the model")
    case .tokenizer(let path, let reason): "\(path): \(reason)"
    case .unreadable(let text): text
    case .layout(let fault): "GGUF cannot hold this model: \(fault)"
    }
  }
}
