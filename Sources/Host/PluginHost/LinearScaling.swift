/// How the outputs of a layer became other multiples: its replacement reads `x / input` and gives `y / output`.
public struct LinearScaling: Sendable, Equatable, Codable {
  /// `[in]`; nil means ones.
  public var input: [Float]?
  /// `[out]`; nil means ones.
  public var output: [Float]?

  public init(input: [Float]? = nil, output: [Float]? = nil) {
    self.input = input
    self.output = output
  }

  /// Both scalings, one after the other.
  func followed(by next: LinearScaling) -> LinearScaling {
    func product(_ a: [Float]?, _ b: [Float]?) -> [Float]? {
      guard let a, let b else { return a ?? b }
      return zip(a, b).map { $0 * $1 }
    }
    return LinearScaling(input: product(input, next.input), output: product(output, next.output))
  }
}

extension [Int: LinearScaling] {
  /// Scales the layer with index `node` once more.
  public mutating func append(_ scaling: LinearScaling, to node: Int) {
    self[node] = self[node]?.followed(by: scaling) ?? scaling
  }

  /// Scales every layer of `later` once more.
  public mutating func append(_ later: [Int: LinearScaling]) {
    for (node, scaling) in later { append(scaling, to: node) }
  }
}
