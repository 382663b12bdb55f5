extension String {
  /// The text as a terminal may be given it: what steers a terminal or turns the order of characters round is written
  /// as `\u{1b}`, and what is longer than `limit` characters ends in "...". Tabs stay, and ends of lines where
  /// `keepsLines`; else those are written out too, so that a text from outside is never more than the one line.
  public func printable(keepsLines: Bool = false, atMost limit: Int = .max) -> String {
    var result = ""
    for (count, scalar) in unicodeScalars.enumerated() {
      if count == limit { return result + "..." }
      let isPlain = scalar == "\t" || (scalar == "\n" && keepsLines) || !Self.steers(scalar)
      result += isPlain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
    }
    return result
  }

  /// Control characters (C0, DEL, C1), separators of lines and paragraphs, and the marks of bidirectional text.
  private static func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0x61c: true
    default: false
    }
  }
}
