import LinearAlgebra

/// Logits of consecutive positions of one sequence, lent for the time of a call.
public struct LogitChunk {
  public let sequence: Int
  public let tokens: [Int32]
  public let positions: Range<Int>
  /// By model, [positions, V], all finite.
  public let logits: [MatrixView<Float>]
}

/// What may watch and stop a long evaluation.
public struct Supervision: Sendable {
  /// Called now and then with the share that is done, 0 to 1, from the thread that started the work.
  public var progress: @Sendable (Double) -> Void
  /// Asked before each piece of work, from any thread.
  public var isCancelled: @Sendable () -> Bool

  public init(
    progress: @escaping @Sendable (Double) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.progress = progress
    self.isCancelled = isCancelled
  }
}
