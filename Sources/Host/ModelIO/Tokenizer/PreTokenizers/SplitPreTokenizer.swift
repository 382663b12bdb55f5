/// Cuts pieces at the matches of a pattern. Several named pre-tokenizers are no more than that.
struct SplitPreTokenizer: PreTokenizer {
  let pattern: Pattern
  let behavior: SplitBehavior
  let isInverted: Bool

  init(pattern: Pattern, behavior: SplitBehavior, isInverted: Bool = false) {
    self.pattern = pattern
    self.behavior = behavior
    self.isInverted = isInverted
  }

  /// Nil where `type` is none of these pre-tokenizers.
  init?(_ fields: ComponentFields, type: String) throws(TokenizerError) {
    switch type {
    case "Split":
      self.init(
        pattern: try fields.pattern("pattern"), behavior: try Self.behavior(fields),
        isInverted: try fields.bool("invert", default: false))
    case "Digits":
      let isIndividual = try fields.bool("individual_digits", default: false)
      self.init(pattern: try fields.builtIn(#"\p{N}"#), behavior: isIndividual ? .isolated : .contiguous)
    case "Punctuation":
      self.init(
        pattern: try fields.builtIn(#"[\p{P}!-/:-@\[-`{-~]"#),
        behavior: try Self.behavior(fields, default: "Isolated"))
    case "Whitespace":
      self.init(
        pattern: try fields.builtIn(#"[\w\x{200C}\x{200D}]+|[^\w\x{200C}\x{200D}\s]+"#), behavior: .removed,
        isInverted: true)
    case "WhitespaceSplit": self.init(pattern: try fields.builtIn(#"\s"#), behavior: .removed)
    default: return nil
    }
  }

  private static func behavior(
    _ fields: ComponentFields, default fallback: String? = nil
  ) throws(TokenizerError) -> SplitBehavior {
    let name = try fields.string("behavior", default: fallback)
    guard let behavior = SplitBehavior(rawValue: name) else {
      throw fields.malformed("behavior", expected: "a known behavior, not `\(name)`")
    }
    return behavior
  }

  func split(_ text: inout PiecedText) {
    var pieces: [Range<Int>] = []
    pieces.reserveCapacity(text.pieces.count)
    var matches: [Range<Int>] = []
    text.bytes.withUnsafeBufferPointer { bytes in
      for piece in text.pieces {
        matches.removeAll(keepingCapacity: true)
        pattern.appendMatches(in: bytes, piece, to: &matches)
        behavior.appendPieces(of: piece, at: matches, isInverted: isInverted, to: &pieces)
      }
    }
    text.pieces = pieces
  }
}
