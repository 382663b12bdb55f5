import Testing

@testable import ModelIO

@Suite struct PrintableTextTests {
  @Test("what steers a terminal is written out, and nothing else is changed")
  func steering() {
    #expect("\u{1b}[31mred\r\u{7}".printable() == "\\u{1b}[31mred\\u{d}\\u{7}")
    #expect("a\u{9b}b\u{202e}c\u{2066}d\u{2028}".printable() == "a\\u{9b}b\\u{202e}c\\u{2066}d\\u{2028}")
    for text in ["", "layer\t1", "größer 漢字 👩‍🔬", "5 % of é"] { #expect(text.printable() == text) }
  }

  @Test("a text stays one line, or keeps its lines where that is asked for")
  func lines() {
    #expect("one\ntwo".printable() == "one\\u{a}two")
    #expect("one\ntwo".printable(keepsLines: true) == "one\ntwo")
    #expect("one\r\ntwo".printable(keepsLines: true) == "one\\u{d}\ntwo")
  }

  @Test("a long text is cut, one of just that length is not")
  func length() {
    #expect("abcdef".printable(atMost: 4) == "abcd...")
    #expect("abcd".printable(atMost: 4) == "abcd")
  }
}
