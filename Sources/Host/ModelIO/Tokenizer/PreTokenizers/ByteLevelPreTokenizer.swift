/// Cuts pieces the way GPT-2 does and writes their bytes in the byte alphabet.
struct ByteLevelPreTokenizer: PreTokenizer {
  private let addsPrefixSpace: Bool
  private let words: SplitPreTokenizer?

  /// Contractions; words, numbers and symbols with at most one space before them; white space, whose last
  /// character is left to the word behind it (Radford et al. 2019).
  private static let expression =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  init(_ fields: ComponentFields) throws(TokenizerError) {
    addsPrefixSpace = try fields.bool("add_prefix_space", default: true)
    words =
      try fields.bool("use_regex", default: true)
      ? SplitPreTokenizer(pattern: try fields.builtIn(Self.expression), behavior: .isolated) : nil
  }

  func split(_ text: inout PiecedText) {
    if addsPrefixSpace {
      text.rewrite { old, piece, new in
        if old[piece.lowerBound] != 0x20 { new.append(0x20) }
        new.append(contentsOf: UnsafeBufferPointer(rebasing: old[piece]))
      }
    }
    words?.split(&text)
    text.rewrite { old, piece, new in ByteAlphabet.shared.append(old, piece, to: &new) }
  }
}
