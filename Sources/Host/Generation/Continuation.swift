import Graph
import LinearAlgebra
import Runtime

/// A sequence that grows: the logits of what follows, with keys and values of all tokens so far in a cache.
///
/// The logits are those of the forward pass over the whole sequence up to rounding, for whatever runs of tokens it is
/// given in; the number of threads changes no byte. With rotary positions whose scaling depends on the length, the
/// length is `longest`, for all tokens.
public struct Continuation: Sendable {
  public let model: StoredModel
  /// Tokens so far.
  public private(set) var count = 0
  private let workers: Workers
  private let longest: Int
  private var rotary: RotaryTable
  private var caches: [KeyValueCache]

  /// Tokens that go through the blocks at once; with their hidden units this bounds memory.
  static let batchSize = 256
  /// Positions whose rotations are computed at once; more follow when they are reached.
  private static let firstPositions = 2048

  /// An empty sequence that grows to at most `longest` tokens.
  public init(model: StoredModel, longest: Int, workers: Workers) {
    self.model = model
    self.workers = workers
    self.longest = max(longest, 1)
    var length = min(self.longest, Self.firstPositions)
    if case .dynamic = model.configuration.rotary.scaling { length = self.longest }
    rotary = RotaryTable(model.configuration.rotary, length: length)
    caches = model.blocks.map { $0.makeCache() }
  }

  /// Appends `tokens`, at least one, and returns the logits [V] of the token after them, all finite.
  ///
  /// After an error the sequence cannot be used any more.
  public mutating func extend(
    _ tokens: [Int32], isCancelled: () -> Bool = { false }
  ) throws(GenerationError) -> [Float] {
    guard !tokens.isEmpty else { throw .noTokens }
    guard tokens.count <= longest - count else {
      throw .tooLong(tokens: count + tokens.count, longest: longest)
    }
    if count + tokens.count > rotary.length {
      let length = min(longest, 2 * (count + tokens.count))
      rotary = RotaryTable(model.configuration.rotary, length: length)
    }
    var last = Matrix<Float>(rows: 0, columns: 0)
    for start in stride(from: 0, to: tokens.count, by: Self.batchSize) {
      let batch = Array(tokens[start..<min(start + Self.batchSize, tokens.count)])
      last = try GenerationError.rethrowing { () throws(RuntimeError) in
        try model.embedding.forward(batch)
      }
      try forward(&last, isCancelled)
    }
    let logits = try GenerationError.rethrowing { () throws(RuntimeError) in try self.logits(last) }
    guard logits.isFinite else { throw .nonFiniteLogit(position: count - 1) }
    return logits.elements
  }

  private mutating func forward(
    _ hidden: inout Matrix<Float>, _ isCancelled: () -> Bool
  ) throws(GenerationError) {
    for (index, block) in model.blocks.enumerated() {
      guard !isCancelled() else { throw .cancelled }
      do throws(RuntimeError) {
        try hidden.withMutableView { (hidden) throws(RuntimeError) in
          try block.forward(
            hidden, position: count, cache: &caches[index], rotary: rotary, workers: workers)
        }
      } catch {
        throw .run(error)
      }
    }
    count += hidden.rows
  }

  /// The logits of the last row.
  private func logits(_ hidden: Matrix<Float>) throws(RuntimeError) -> Matrix<Float> {
    let size = model.configuration.vocabularySize
    var normed = Matrix<Float>(uninitialisedRows: 1, columns: hidden.columns)
    var logits = Matrix<Float>(uninitialisedRows: 1, columns: size)
    hidden.withView { hidden in
      normed.withMutableView { model.norm.forward(hidden.rows(hidden.rows - 1..<hidden.rows), into: $0) }
    }
    try normed.withView { (normed) throws(RuntimeError) in
      try logits.withMutableView { (logits) throws(RuntimeError) in
        try model.head.forward(normed, into: [logits], workers: workers)
      }
    }
    return logits
  }
}
