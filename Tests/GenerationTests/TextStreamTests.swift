import ModelIO
import Tensors
import TestSupport
import Testing

@testable import Generation

@Suite struct TextStreamTests {
  static let texts = [
    "plain words, and the end", "héllo wörld", "日本語のテキスト", "🙂👍🏽 and 👨‍👩‍👧", "tabs\tand\nlines\n\n", "a\u{FFFD}b",
    "",
  ]

  static func pieces(_ tokenizer: Tokenizer, _ prompt: String, _ text: String) -> [String] {
    let before = tokenizer.encode(prompt)
    let all = tokenizer.encode(prompt + text)
    guard all.starts(with: before) else { return [text] }
    var stream = TextStream(tokenizer, after: before)
    return all[before.count...].map { stream.add($0) } + [stream.rest()]
  }

  @Test("pieces joined are the text, and none holds half a character", arguments: texts)
  func bytes(text: String) throws {
    // One token a byte.
    let tokenizer = try Tokenizer(json: SyntheticFolder.tokenizer, path: "tokenizer.json")
    let pieces = Self.pieces(tokenizer, "é: ", text)
    #expect(pieces.joined() == text)
    if !text.contains("\u{FFFD}") { #expect(!pieces.contains { $0.contains("\u{FFFD}") }) }
  }

  @Test(
    "the same with tokenizers that mark spaces and fall back to bytes",
    arguments: ["gpt2", "llama2", "phi3"].filter { Shared.has("tokenizers/\($0)/tokenizer.json") }, texts)
  func real(name: String, text: String) throws {
    let tokenizer = try Tokenizer(path: Shared.path("tokenizers/\(name)/tokenizer.json"))
    let pieces = Self.pieces(tokenizer, "A prompt.", text)
    #expect(pieces.joined() == text)
    if !text.contains("\u{FFFD}") { #expect(!pieces.contains { $0.contains("\u{FFFD}") }) }
  }

  @Test("bytes that make no character come out as marks, at the latest at the end")
  func broken() throws {
    let tokenizer = try Tokenizer(json: SyntheticFolder.tokenizer, path: "tokenizer.json")
    var stream = TextStream(tokenizer, after: [65])
    let bytes: [Int32] = [0xE6, 0xE6, 66, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 67, 0xF0, 0x9F]
    let text = bytes.map { stream.add($0) }.joined() + stream.rest()
    #expect(text == tokenizer.decode(bytes))
    #expect(text.hasPrefix("\u{FFFD}\u{FFFD}B\u{FFFD}"))
  }

  @Test("a stop ends the text before it, however it comes in pieces")
  func stops() {
    let text = "one two three, zwei drei é end"
    for (stops, expected) in [
      (["three"], "one two "), (["zwei", "two"], "one "), (["nothing"], text), ([], text), (["o"], ""),
      (["é end"], "one two three, zwei drei "), (["ree", "three"], "one two "), (["end."], text),
    ] {
      for size in [1, 2, 3, 7, 100] {
        var scanner = StopScanner(stops)
        var found = ""
        var rest = Substring(text)
        while !rest.isEmpty {
          found += scanner.add(String(rest.prefix(size)))
          rest = rest.dropFirst(size)
        }
        found += scanner.rest()
        #expect(found == expected, "\(stops) in pieces of \(size)")
        #expect(scanner.isFound == (expected != text))
      }
    }
  }
}
