import Graph
import ModelIO
import Tensors

/// The token windows a model is calibrated on, and what became of the text.
public struct CalibrationSet: Sendable {
  /// Equally long runs of token ids, in the order they stand in the text.
  public let windows: [[Int32]]
  /// Other windows of the same text, for losses that nothing is fitted to.
  public let heldOut: [[Int32]]
  /// Tokens of the whole text.
  public let tokenCount: Int
  /// Tokens in the chosen windows.
  public var usedCount: Int { windows.reduce(0) { $0 + $1.count } }
  /// Tokens at the end that fill no window.
  public let truncatedCount: Int
  /// Tokens of windows that the seed did not choose for calibration.
  public var droppedCount: Int { tokenCount - usedCount - truncatedCount }
  /// SHA-256 of the used token ids as little-endian 32-bit integers, window after window.
  public let tokenHash: String

  public var context: Int { windows.first?.count ?? 0 }

  /// Cuts `tokens` into windows of `context` and lets the seed choose `samples` of them.
  ///
  /// Windows do not overlap and stay in the order of the text. No special tokens are added. The next `heldOut`
  /// windows in the seed's order are held out, fewer where the text has no more; nil asks for one for every eight
  /// samples, and for one at least.
  public init(
    tokens: [Int32], samples: Int, context: Int, seed: UInt64, heldOut: Int? = nil
  ) throws(CalibrationError) {
    let count = tokens.count / max(context, 1)
    guard samples > 0, context > 1, count >= samples else {
      throw .tooShort(windows: count, wanted: samples, context: context, tokens: tokens.count)
    }
    let order = CounterRandom(seed: seed, stream: Self.stream).permutation(count: count)
    func chosen(_ part: ArraySlice<Int>) -> [[Int32]] {
      part.sorted().map { Array(tokens[$0 * context..<($0 + 1) * context]) }
    }
    windows = chosen(order.prefix(samples))
    self.heldOut = chosen(order.dropFirst(samples).prefix(heldOut ?? max(1, samples / 8)))
    tokenCount = tokens.count
    truncatedCount = tokens.count - count * context
    var hash = SHA256()
    for window in windows {
      window.map(\.littleEndian).withUnsafeBytes { hash.update($0) }
    }
    tokenHash = hash.finalise()
  }

  /// Reads and tokenises `paths`.
  public init(
    paths: [String], tokenizer: Tokenizer, tokenizerPath: String, vocabularySize: Int, samples: Int,
    context: Int, seed: UInt64, heldOut: Int? = nil
  ) throws(CalibrationError) {
    let tokens = tokenizer.encode(try CalibrationText.read(paths: paths))
    if let worst = tokens.max(), worst >= vocabularySize {
      throw .tokenOutsideVocabulary(token: Int(worst), vocabulary: vocabularySize, tokenizer: tokenizerPath)
    }
    try self.init(tokens: tokens, samples: samples, context: context, seed: seed, heldOut: heldOut)
  }

  /// Keeps the choice of windows apart from every other use of the seed.
  private static let stream: UInt64 = 0x6361_6c69_6272_6174
}
