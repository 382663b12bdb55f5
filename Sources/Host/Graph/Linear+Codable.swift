import Tensors

/// Encoded with its tensors, whose bytes go through the encoder's `TensorStore`. What is decoded is checked as
/// closely as what a file holds: it may come from a process that a plugin has damaged.
extension Linear: Codable {
  private enum Key: String, CodingKey {
    case out, into, terms, bias
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(outFeatures, forKey: .out)
    try container.encode(inFeatures, forKey: .into)
    try container.encode(terms, forKey: .terms)
    try container.encodeIfPresent(bias, forKey: .bias)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let terms = try container.decode([[Factor]].self, forKey: .terms)
    for factor in terms.joined() { try factor.checkParts() }
    try self.init(
      outFeatures: container.decode(Int.self, forKey: .out),
      inFeatures: container.decode(Int.self, forKey: .into),
      terms: terms, bias: container.decodeIfPresent(Tensor.self, forKey: .bias))
  }
}

extension Factor {
  /// Throws unless the tensors have the types and shapes that the form states.
  func checkParts() throws(GraphError) {
    switch self {
    case .dense(let values): guard values.shape.count == 2 else { throw .notAMatrix(shape: values.shape) }
    case .diagonal(let values): guard values.shape.count == 1 else { throw .notAMatrix(shape: values.shape) }
    default: break
    }
    guard form.isPossible else { throw .notAMatrix(shape: []) }
    let parts = form.parts
    guard parts.count == tensors.count else { throw .noFactors }
    for (part, tensor) in zip(parts, tensors)
    where part.shape != tensor.shape || part.elementType != tensor.elementType {
      throw .notAMatrix(shape: tensor.shape)
    }
  }
}

extension FactorForm {
  /// Whether sizes can be computed from it without overflow: extents are positive, fit 32 bits, and their product
  /// is below 2^48; a scheme has 1 to 8 bits.
  public var isPossible: Bool {
    let extents = 1...Int(Int32.max)
    guard extents.contains(rows), extents.contains(columns), rows <= (1 << 48) / columns else { return false }
    func areCodes(_ bits: Int, _ groupSize: Int) -> Bool {
      (1...8).contains(bits) && (0...Int(Int32.max)).contains(groupSize)
    }
    return switch storage {
    case .dense, .diagonal: true
    case .quantized(let scheme): areCodes(scheme.bits, scheme.groupSize)
    case .codebook(let scheme): areCodes(scheme.bits, scheme.groupSize)
    }
  }
}
