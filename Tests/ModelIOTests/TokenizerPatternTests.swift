import Testing

@testable import ModelIO

@Suite struct TokenizerPatternTests {
  private func matches(_ expression: String, _ text: String) throws -> [String] {
    let pattern = try Pattern(expression)
    let bytes = Array(text.utf8)
    var ranges: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { pattern.appendMatches(in: $0, 0..<$0.count, to: &ranges) }
    return ranges.map { String(decoding: bytes[$0], as: UTF8.self) }
  }

  @Test(
    "matches are those of the standard library's engine",
    arguments: [
      "a", "ab|a", "a|ab", "[abc]+b", "(?:ab|c)*d?", "a+?b", "a++b", "(?>a+|b)c", "\\s+(?!\\S)|\\s+",
      "\\p{L}+|\\p{N}{1,3}",
      " ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", "(?i:AB|'s)c?", "[^a-c\\s]+",

      "(?:a|b(?:c|1)){2,3}", "(?:a?b?)*c", "a{2}", "(?=a)\\w{2}", "(?:ab){1,2}?c|.", "[a-c&&[^b]]+",
      "\\d+\\D", "a{,}",
      "(?:(?:a*)*b|c)*1", "[\\p{Lu}\\p{M}]*[\\p{Ll}\\p{Nd}]+", "(a)(?<name>b)|\\x41\\u0062", "(?:|a)+b",
    ])
  func oracle(expression: String) throws {
    // Where the flavours differ the oracle is told what is meant: `{,}` is no quantifier here, and marks are
    // in `\w`.
    let meant = expression.replacing("{,}", with: "\\{,\\}").replacing("\\w", with: "[\\p{L}\\p{M}\\p{Nd}]")
    let oracle = try Regex(meant).matchingSemantics(.unicodeScalar)
    var generator = SplitMix(state: 11)
    let alphabet: [Unicode.Scalar] = [
      "a", "a", "b", "b", "c", "A", "B", " ", "\t", "1", "2", "'", "s", "é", "\u{301}", "中",
    ]
    for _ in 0..<60 {
      var scalars = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...14, using: &generator) {
        if let scalar = alphabet.randomElement(using: &generator) { scalars.append(scalar) }
      }
      let text = String(scalars)
      let expected = text.matches(of: oracle).map { String(text.unicodeScalars[$0.range]) }.filter {
        !$0.isEmpty
      }
      #expect(try matches(expression, text).filter { !$0.isEmpty } == expected, "\(text.debugDescription)")
    }
  }

  @Test("classes and escapes of Oniguruma's flavour")
  func flavour() throws {
    #expect(try matches("\\p{Han}+", "a中文b〇") == ["中文", "〇"])
    #expect(try matches("(?i:s)", "sSſ") == ["s", "S", "ſ"])
    #expect(try matches("\\R", "\r\n\n\u{85}") == ["\r\n", "\n", "\u{85}"])
    #expect(try matches("^a$", "a\nba\na") == ["a", "a"])
    #expect(try matches("\\Aa|a\\z", "aaa") == ["a", "a"])
    #expect(try matches("[\\]a-]", "]-ab") == ["]", "-", "a"])
    #expect(try matches("[^\\P{Lu}]+", "abCDe") == ["CD"])
    #expect(try matches("(?<=a)b|(?<!a)c", "abcac") == ["b", "c"])
    #expect(try matches("a.c", "abca\nc") == ["abc"])
    #expect(try matches("(?m:a.c)", "a\nc") == ["a\nc"])
    #expect(try matches("\\h+", "xyz0fG") == ["0f"])
    #expect(try matches("\\bab|b\\b|\\Bc", "ab cab bc") == ["ab", "b", "c"])
    #expect(try matches("x*", "axb") == ["", "x", ""])
  }

  @Test("what is outside the piece is not seen")
  func pieces() throws {
    let pattern = try Pattern("\\s+(?!\\S)|\\bb|a$")
    let bytes = Array("a  b".utf8)
    var ranges: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { pattern.appendMatches(in: $0, 0..<3, to: &ranges) }
    #expect(ranges == [1..<3])
  }

  @Test(
    "a pattern that is none, or is not supported, is refused with a reason",
    arguments: [
      "(", ")", "a)", "[a", "[", "*", "a|*", "(?", "(?z)", "(?<a", "\\", "\\p{", "\\p{Klingon}", "\\q",
      "(a)\\1", "[b-a]",
      "[[:alpha:]]", "a{5,2}", "a{2000}", "(?:(?:a{900}){900}){900}", "(?:(?:(?:){900}){900}){900}",
      "\\x{110000}",
      "(?<=ab)c", "\\u12", "[a-\\d]", String(repeating: "(", count: 5000),
      String(repeating: "[", count: 5000),
    ])
  func refused(expression: String) {
    let error = #expect(throws: PatternError.self) { try Pattern(expression) }
    #expect(error?.reason.isEmpty == false)
  }

  @Test("a long run of white space takes linear time")
  func whitespace() throws {
    let text = String(repeating: " ", count: 20_000) + "x"
    let expression = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    #expect(try matches(expression, text).map(\.utf8.count) == [19_999, 2])
  }

  @Test("cutting keeps every byte, except for removed matches", arguments: [false, true])
  func behaviors(isInverted: Bool) {
    let range = 0..<10
    let cuts = [1..<2, 2..<4, 6..<7, 9..<10]
    func pieces(_ behavior: SplitBehavior) -> [Range<Int>] {
      var pieces: [Range<Int>] = []
      behavior.appendPieces(of: range, at: cuts, isInverted: isInverted, to: &pieces)
      return pieces
    }
    #expect(pieces(.isolated) == [0..<1, 1..<2, 2..<4, 4..<6, 6..<7, 7..<9, 9..<10])
    #expect(pieces(.contiguous) == [0..<1, 1..<4, 4..<6, 6..<7, 7..<9, 9..<10])
    if isInverted {
      #expect(pieces(.removed) == cuts)
      #expect(pieces(.mergedWithPrevious) == [0..<1, 1..<2, 2..<6, 6..<9, 9..<10])
      #expect(pieces(.mergedWithNext) == [0..<2, 2..<4, 4..<7, 7..<10])
    } else {
      #expect(pieces(.removed) == [0..<1, 4..<6, 7..<9])
      #expect(pieces(.mergedWithPrevious) == [0..<2, 2..<4, 4..<7, 7..<10])
      #expect(pieces(.mergedWithNext) == [0..<1, 1..<2, 2..<6, 6..<9, 9..<10])
    }
  }
}
