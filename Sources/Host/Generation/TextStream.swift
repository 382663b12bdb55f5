import ModelIO

/// Text from tokens that come one by one: pieces of whole characters, which joined are the text of all tokens.
///
/// A token may end in the middle of a character, which is held back until its other bytes have come. What a token
/// reads as may depend on those before it, so they are decoded together from the last place where all was whole.
struct TextStream {
  private let tokenizer: Tokenizer
  private var tokens: [Int32]
  /// Tokens before this one are done with.
  private var start = 0
  /// Tokens up to here ended with a whole character.
  private var whole: Int
  /// The text of the tokens from `start` on, as far as it was given out.
  private var given: [UInt8]

  private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  /// `prompt` is not part of the text.
  init(_ tokenizer: Tokenizer, after prompt: [Int32]) {
    self.tokenizer = tokenizer
    tokens = prompt
    whole = prompt.count
    given = Array(tokenizer.decode(prompt).utf8)
  }

  /// The text that `token` completes.
  mutating func add(_ token: Int32) -> String {
    tokens.append(token)
    let text = decode(from: start)
    var kept = Self.withoutOpenEnd(text)
    let piece: ArraySlice<UInt8>
    if text.starts(with: given) {
      guard kept.count > given.count else { return "" }
      piece = kept[given.count...]
    } else {
      // A run of bytes with an unfinished character at its end counts as broken from its beginning on, which was
      // given out already. So the tokens that are not are decoded on their own.
      kept = text[...]
      piece = Self.withoutOpenEnd(decode(from: whole))
      guard !piece.isEmpty else { return "" }
    }
    given = Array(kept)
    if kept.count == text.count {
      start = whole
      whole = tokens.count
      given = decode(from: start)
    }
    return String(decoding: piece, as: UTF8.self)
  }

  /// What was held back, once no token comes any more.
  func rest() -> String {
    let text = decode(from: start)
    let piece = text.starts(with: given) ? text[given.count...] : decode(from: whole)[...]
    return String(decoding: piece, as: UTF8.self)
  }

  private func decode(from first: Int) -> [UInt8] { Array(tokenizer.decode(Array(tokens[first...])).utf8) }

  /// The text without the marks that stand for the first bytes of an unfinished character: three bytes at most.
  private static func withoutOpenEnd(_ text: [UInt8]) -> ArraySlice<UInt8> {
    var rest = text[...]
    for _ in 0..<3 where rest.count >= 3 && rest.suffix(3).elementsEqual(replacement) {
      rest = rest.dropLast(3)
    }
    return rest
  }
}
