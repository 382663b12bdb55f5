import CLathe

/// Which windows of the calibration text a loss is taken over.
public enum BatchSet: Int32, Sendable, Hashable {
  /// The windows that statistics are summed over.
  case calibration = 0
  /// Other windows of the same text, for watching a loss that is not trained on; there may be none.
  case heldOut = 1
}

/// `loss = nextToken * cross entropy + divergence * KL from the model as it entered the stage`.
public struct LossWeights: Sendable, Hashable {
  public var nextToken: Double
  public var divergence: Double
  /// Targets are drawn from the model's own distribution instead of the text: squares of such gradients estimate
  /// the Fisher information.
  public var sampledTargets: Bool

  public init(nextToken: Double = 1, divergence: Double = 0, sampledTargets: Bool = false) {
    self.nextToken = nextToken
    self.divergence = divergence
    self.sampledTargets = sampledTargets
  }
}

/// Mean loss in nats per predicted token.
public struct Loss: Sendable, Hashable {
  /// Cross entropy, weighted or not.
  public let nextToken: Double
  /// KL divergence; 0 where its weight is 0.
  public let divergence: Double
  /// The weighted sum.
  public let total: Double

  init(_ loss: lathe_loss) {
    nextToken = loss.next_token
    divergence = loss.divergence
    total = loss.next_token_weight * loss.next_token + loss.divergence_weight * loss.divergence
  }
}

/// The numbers of one factor of a linear, or its bias: what a gradient is taken with respect to.
public struct FactorReference: Sendable, Hashable {
  public let node: Node
  /// Nil for the bias.
  public let place: Place?
  /// `[r]` of a diagonal or a bias, `[rows, columns]` otherwise.
  public let extents: [Int]

  /// Where a factor stands in a form.
  public struct Place: Sendable, Hashable {
    public let term: Int
    public let factor: Int
  }

  private init(node: Node, place: Place?, extents: [Int]) {
    self.node = node
    self.place = place
    self.extents = extents
  }

  /// Factor `factor` of term `term` of what `node` is, or of the trial in its place.
  public init(_ node: Node, term: Int = 0, factor: Int, shape: MatrixShape) {
    self.init(
      node: node, place: Place(term: term, factor: factor),
      extents: shape.storage == .diagonal ? [shape.rows] : [shape.rows, shape.columns])
  }

  /// The bias `[out]`, which must exist.
  public static func bias(of node: Node) -> FactorReference {
    FactorReference(node: node, place: nil, extents: [node.outFeatures])
  }

  /// How many numbers it has.
  public var count: Int { extents.reduce(1, *) }

  var cReference: lathe_factor_ref {
    lathe_factor_ref(
      node: node.index, term: UInt32(clamping: place?.term ?? 0),
      factor: place.map { UInt32(clamping: $0.factor) } ?? LATHE_FACTOR_BIAS, reserved: 0)
  }
}

/// Float32 numbers for each of some factors, in the host's memory: values or gradients.
///
/// Made once and used in every step. Not copyable: it belongs to the call that made it.
public struct FactorNumbers: ~Copyable {
  public let references: [FactorReference]
  let boxes: [TensorBox]

  public var count: Int { references.count }

  /// Reads the numbers of reference `index`, row after row.
  public func withValues<Result, Failure: Error>(
    _ index: Int, _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(buffer(index)).span)
  }

  /// Writes the numbers of reference `index`, row after row.
  public func withMutableValues<Result, Failure: Error>(
    _ index: Int, _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var span = buffer(index).mutableSpan
    return try body(&span)
  }

  /// A copy of the numbers of reference `index`.
  public func array(_ index: Int) -> [Float] { Array(buffer(index)) }

  private func buffer(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
    let base = boxes[index].data?.assumingMemoryBound(to: Float.self)
    return UnsafeMutableBufferPointer(start: base, count: references[index].count)
  }
}
