import Foundation
import TestSupport
import Testing

@testable import ModelIO

/// Small tokenizers with the components of many model families, against the reference library.
/// `Tests/Golden/Tokenizers/make.py` made the file.
@Suite struct TokenizerGoldenTests {
  static func golden() throws -> JSON {
    let file = Shared.packageRoot.appending(path: "Tests/Golden/Tokenizers/cases.json")
    return try Data(contentsOf: file).withUnsafeBytes { try JSON(parsing: $0) }
  }

  /// The tokenizer.json of one case.
  static func file(_ name: String) throws -> (json: JSON, results: [JSON]) {
    let golden = try golden()
    let found = golden["cases"]?.arrayValue?.first { $0["name"]?.stringValue == name }?.objectValue
    var file = try #require(found)
    let results = try #require(file["results"]?.arrayValue)
    let model = try #require(file["model"]?.stringValue)
    file["model"] = golden[model]
    file["results"] = nil
    return (.object(file), results)
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(json: try file(name).json, path: name)
  }

  @Test(
    "ids and decoded texts are those of the reference",
    arguments: [
      "gpt2", "llama3", "qwen2", "tekken", "falcon", "lowercase", "accents", "llama2", "stories", "mistral",
      "metaspace", "gemma",
    ])
  func reference(name: String) throws {
    let (json, results) = try Self.file(name)
    let tokenizer = try Tokenizer(json: json, path: name)
    #expect(!results.isEmpty)
    for result in results {
      let text = try #require(result["text"]?.stringValue)
      let expected = try #require(result["ids"]?.arrayValue).compactMap { Int32(tokenID: $0) }
      let ids = tokenizer.encode(text)
      let framed = tokenizer.encode(text, addSpecialTokens: true)
      #expect(ids == expected, "\(text.debugDescription)")
      #expect(framed.suffix(ids.count) == ids[...])
      #expect(framed.count - ids.count == result["extra"]?.intValue)
      #expect(tokenizer.decode(ids) == result["decoded"]?.stringValue)
      #expect(tokenizer.decode(framed, skipSpecialTokens: false) == result["whole"]?.stringValue)
    }
  }

  @Test(
    "a byte-level tokenizer gives back every text, whatever its characters",
    arguments: ["gpt2", "llama3", "tekken"])
  func roundTrip(name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    var generator = SplitMix(state: 3)
    for _ in 0..<50 {
      let text = randomText(using: &generator)
      #expect(Array(tokenizer.decode(tokenizer.encode(text)).utf8) == Array(text.utf8))
    }
  }

  @Test("bytes that are no UTF-8 count as U+FFFD, in texts and in tokens")
  func invalidBytes() throws {
    let tokenizer = try Self.tokenizer("gpt2")
    let ids = ([0x61, 0xFF, 0x62] as [UInt8]).withUnsafeBytes { tokenizer.encode(utf8: $0) }
    #expect(ids == tokenizer.encode("a\u{FFFD}b"))
    let half = try #require(tokenizer.tokenID(of: "Ã"))
    #expect(tokenizer.decode([half]) == "\u{FFFD}")
    let pieces = try Self.tokenizer("mistral")
    let bytes = ["<0xC3>", "<0xA9>", "<0xC3>"].compactMap { pieces.tokenID(of: $0) }
    #expect(pieces.decode(Array(bytes[0..<2])) == "é")
    #expect(pieces.decode(bytes) == "\u{FFFD}\u{FFFD}\u{FFFD}")
  }

  @Test("tokens and ids name each other, unknown ones are nil and are skipped")
  func names() throws {
    let tokenizer = try Self.tokenizer("gpt2")
    #expect(tokenizer.vocabularySize == 404)
    #expect(tokenizer.token(of: 402) == "<tool>")
    #expect(tokenizer.tokenID(of: "<tool>") == 402)
    #expect(tokenizer.tokenID(of: "no such token") == nil)
    #expect(tokenizer.token(of: 399) == nil)
    #expect(tokenizer.token(of: -1) == nil)
    #expect(tokenizer.decode([399, -1, 400, .max]) == "")
    for id in Int32(0)..<404 {
      if let token = tokenizer.token(of: id) { #expect(tokenizer.tokenID(of: token) == id) }
    }
  }
}

/// Text of letters, spaces, marks, emoji and anything else.
func randomText(using generator: inout SplitMix) -> String {
  let pool: [ClosedRange<UInt32>] = [
    0x20...0x20, 0x09...0x0D, 0x20...0x7E, 0x61...0x66, 0x30...0x39, 0xA0...0x2FF, 0x300...0x36F,
    0x400...0x4FF,
    0x3040...0x30FF, 0x4E00...0x9FFF, 0x1F600...0x1F64F, 0x0...0xD7FF, 0xE000...0x10FFFF,
  ]
  var text = String.UnicodeScalarView()
  for _ in 0..<Int.random(in: 0...60, using: &generator) {
    let range = pool[Int.random(in: 0..<pool.count, using: &generator)]
    if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) { text.append(scalar) }
  }
  return String(text)
}

/// A small generator with a seed (Steele, Lea and Flood, OOPSLA 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
