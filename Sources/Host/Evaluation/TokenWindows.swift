/// A token stream cut into windows of `context` tokens that do not overlap; the tail is dropped.
public struct TokenWindows: Sendable, Equatable {
  public let context: Int
  public let windows: [[Int32]]
  /// Tokens after the last whole window.
  public let droppedTail: Int

  /// Windows of `tokens`, at least one, of `context` tokens each, at least two.
  public init(_ tokens: [Int32], context: Int) throws(EvaluationError) {
    guard context >= 2 else { throw .context(context) }
    guard tokens.count >= context else { throw .tooShort(tokens: tokens.count, context: context) }
    let count = tokens.count / context
    self.context = context
    windows = (0..<count).map { Array(tokens[$0 * context..<($0 + 1) * context]) }
    droppedTail = tokens.count - count * context
  }

  /// Tokens that are predicted: all but the first of each window.
  public var predictedCount: Int { windows.count * (context - 1) }
}
