import Calibration
import Foundation
import ModelIO
import Tensors
import TestSupport
import Testing

private func complaint<Value>(_ body: () throws -> Value) -> String? {
  do {
    _ = try body()
    return nil
  } catch { return "\(error)" }
}

@Suite struct CalibrationSetTests {
  private let tokens = (0..<103).map { Int32($0) }

  @Test("used, dropped and truncated tokens are all tokens", arguments: [1, 3, 10], [2, 7, 10])
  func accounting(samples: Int, context: Int) throws {
    let set = try CalibrationSet(tokens: tokens, samples: samples, context: context, seed: 3)
    #expect(set.tokenCount == 103)
    #expect(set.usedCount == samples * context)
    #expect(set.truncatedCount == 103 % context)
    #expect(set.usedCount + set.droppedCount + set.truncatedCount == set.tokenCount)
    #expect(set.context == context)
  }

  @Test(
    "windows are whole, do not overlap, start at multiples of the context and stand in the order of the text")
  func windows() throws {
    let set = try CalibrationSet(tokens: tokens, samples: 6, context: 10, seed: 11)
    for window in set.windows {
      #expect(window.count == 10 && window[0] % 10 == 0)
      #expect(window == (0..<10).map { window[0] + Int32($0) })
    }
    let starts = set.windows.map { $0[0] }
    #expect(starts == Set(starts).sorted())
  }

  @Test("the same seed chooses the same windows, and seeds differ")
  func seeds() throws {
    func set(_ seed: UInt64) throws -> CalibrationSet {
      try CalibrationSet(tokens: (0..<4000).map { Int32($0) }, samples: 8, context: 10, seed: seed)
    }
    #expect(try set(1).windows == set(1).windows)
    #expect(try set(1).tokenHash == set(1).tokenHash)
    let different = try Set((0..<8).map { try set($0).tokenHash })
    #expect(different.count == 8)
  }

  @Test("all windows are chosen when all are asked for, whatever the seed")
  func all() throws {
    let sets = try (0..<3).map { try CalibrationSet(tokens: tokens, samples: 10, context: 10, seed: $0) }
    #expect(sets.allSatisfy { $0.windows.flatMap { $0 } == Array(tokens[..<100]) })
  }

  @Test("the hash is SHA-256 of the used tokens as little-endian 32-bit integers")
  func hash() throws {
    let set = try CalibrationSet(tokens: [1, 2, 3, 258, 9], samples: 2, context: 2, seed: 0)
    let bytes: [UInt8] = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 0, 0]
    #expect(set.tokenHash == bytes.withUnsafeBytes { SHA256.hex(of: $0) })
  }

  @Test("text that is too short says how long it is and what was asked for", arguments: [0, 5, 19])
  func short(count: Int) {
    let text = complaint {
      try CalibrationSet(tokens: Array(tokens[..<count]), samples: 2, context: 10, seed: 0)
    }
    #expect(text?.contains("has \(count) tokens") == true && text?.contains("calibration.samples") == true)
  }

  @Test("a token beyond the vocabulary names the tokenizer")
  func vocabulary() throws {
    let folder = TestFolder()
    try SyntheticFolder.write(into: folder)
    let text = try folder.write(SyntheticFolder.text(), to: "text.txt")
    let path = folder.file("model/tokenizer.json")
    let tokenizer = try Tokenizer(path: path)
    let error = complaint {
      try CalibrationSet(
        paths: [text], tokenizer: tokenizer, tokenizerPath: path, vocabularySize: 200, samples: 2, context: 8,
        seed: 0)
    }
    #expect(error?.contains(path) == true && error?.contains("200 entries") == true)
  }
}

@Suite struct CalibrationTextTests {
  @Test("documents are joined by a blank line, those of a jsonl file too")
  func documents() throws {
    let folder = TestFolder()
    let plain = try folder.write("one\ntwo", to: "a.txt")
    let lines = try folder.write(
      "{\"text\": \"three\", \"id\": 1}\n\n  \r\n{\"text\": \"fo\\nur\"}\n", to: "b.jsonl")
    #expect(try CalibrationText.read(paths: [plain, lines]) == "one\ntwo\n\nthree\n\nfo\nur")
  }

  @Test(
    "a bad line of a jsonl file is named by its number",
    arguments: ["{\"text\": 4}", "{\"txt\": \"a\"}", "nonsense", "[1]"])
  func badLines(line: String) throws {
    let folder = TestFolder()
    let path = try folder.write("{\"text\": \"a\"}\n\(line)\n", to: "b.jsonl")
    let text = complaint { try CalibrationText.read(paths: [path]) }
    #expect(text?.contains("b.jsonl, line 2") == true, "\(text ?? "")")
  }

  @Test(
    "empty text, text of blanks, bytes that are not UTF-8, a folder and a missing file are refused by name")
  func unusable() throws {
    let folder = TestFolder()
    let cases = [
      (try folder.write("", to: "empty.txt"), "is empty"),
      (try folder.write(" \n\t\n", to: "blank.txt"), "is empty"),
      (try folder.write([0x61, 0xff, 0xfe], to: "bytes.txt"), "not valid UTF-8"),
      (try folder.write("\n", to: "none.jsonl"), "is empty"), (folder.path, "cannot be read"),
      (folder.file("missing.txt"), "cannot be read"),
    ]
    for (path, part) in cases {
      let text = complaint { try CalibrationText.read(paths: [path]) }
      #expect(
        text?.contains(part) == true && text?.contains(path) == true, "\(text ?? "no error") for \(path)")
    }
  }
}

@Suite struct HeldOutTests {
  private let tokens = (0..<1000).map { Int32($0) }

  @Test(
    "windows are held out beside those for calibration, which stay as they were", arguments: [0, 1, 9, 500])
  func heldOut(count: Int) throws {
    let set = try CalibrationSet(tokens: tokens, samples: 60, context: 10, seed: 7, heldOut: count)
    let plain = try CalibrationSet(tokens: tokens, samples: 60, context: 10, seed: 7)
    #expect(set.windows == plain.windows && set.tokenHash == plain.tokenHash)
    #expect(set.heldOut.count == min(count, 40))
    #expect(plain.heldOut.count == 7)
    #expect(Set(set.heldOut).isDisjoint(with: set.windows))
    #expect(set.heldOut.map { $0[0] } == set.heldOut.map { $0[0] }.sorted())
  }

  @Test("a text that has no more windows holds none out")
  func exhausted() throws {
    #expect(try CalibrationSet(tokens: tokens, samples: 100, context: 10, seed: 7).heldOut.isEmpty)
    #expect(try CalibrationSet(tokens: tokens, samples: 2, context: 10, seed: 7).heldOut.count == 1)
  }
}
