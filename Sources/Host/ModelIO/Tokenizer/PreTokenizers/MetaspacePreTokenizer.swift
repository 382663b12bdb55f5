/// Where a metaspace goes in front of a text that does not begin with one.
enum PrependScheme: String, Sendable {
  case first, always, never

  /// Reads `prepend_scheme`, or the older `add_prefix_space`.
  init(_ fields: ComponentFields) throws(TokenizerError) {
    let older = try fields.bool("add_prefix_space", default: true)
    let name = try fields.string("prepend_scheme", default: older ? "always" : "never")
    guard let scheme = PrependScheme(rawValue: name) else {
      throw fields.malformed("prepend_scheme", expected: "`first`, `always` or `never`, not `\(name)`")
    }
    self = scheme
  }
}

/// Writes spaces as a visible character and cuts before each, the way SentencePiece does (arXiv 1808.06226).
struct MetaspacePreTokenizer: PreTokenizer {
  private let mark: [UInt8]
  private let scheme: PrependScheme
  private let words: SplitPreTokenizer?

  init(_ fields: ComponentFields) throws(TokenizerError) {
    let mark = try fields.metaspace()
    self.mark = Array(String(mark).utf8)
    scheme = try PrependScheme(fields)
    let splits = try fields.bool("split", default: true)
    do {
      words =
        splits ? SplitPreTokenizer(pattern: try Pattern(each: .scalar(mark)), behavior: .mergedWithNext) : nil
    } catch {
      throw .badPattern(path: fields.path, pattern: String(mark), reason: error.reason)
    }
  }

  func split(_ text: inout PiecedText) {
    let isAtInputStart = text.isAtInputStart
    text.rewrite { old, piece, new in
      let startsWithMark =
        old[piece.lowerBound] == 0x20 || old[piece].starts(with: mark)
      let prepends =
        switch scheme {
        case .always: true
        case .first: isAtInputStart && piece.lowerBound == 0
        case .never: false
        }
      if prepends, !startsWithMark { new.append(contentsOf: mark) }
      for position in piece {
        if old[position] == 0x20 { new.append(contentsOf: mark) } else { new.append(old[position]) }
      }
    }
    words?.split(&text)
  }
}

extension ComponentFields {
  /// The one character that stands for a space.
  func metaspace() throws(TokenizerError) -> Unicode.Scalar {
    let text = try string("replacement", default: "\u{2581}")
    guard text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first else {
      throw malformed("replacement", expected: "one character")
    }
    return scalar
  }
}
