import Foundation
import TestSupport
import Testing

@testable import ModelIO

/// Real tokenizers against published pairs of texts and ids.
@Suite struct TokenizerVectorTests {
  @Test(
    "every published text gets its published ids", .enabled(if: Shared.has("tokenizers/gpt2/vectors.inp")),
    arguments: ["gpt2", "llama2", "phi3"])
  func vectors(name: String) throws {
    func read(_ file: String) throws -> String {
      String(
        decoding: try Data(contentsOf: URL(filePath: Shared.path("tokenizers/\(name)/\(file)"))),
        as: UTF8.self)
    }
    let tokenizer = try Tokenizer(path: Shared.path("tokenizers/\(name)/tokenizer.json"))
    let texts = try read("vectors.inp").components(separatedBy: "\n__ggml_vocab_test__\n")
    let lines = try read("vectors.out").components(separatedBy: "\n")
    #expect(texts.count > 40)
    #expect(lines.count == texts.count || (lines.count == texts.count + 1 && lines.last == ""))
    for (text, line) in zip(texts, lines) {
      let expected = line.split(separator: " ").compactMap { Int32($0) }
      #expect(tokenizer.encode(text) == expected, "\(text.debugDescription)")
    }
  }

  @Test("a page of a book is given back", .enabled(if: Shared.has("models/books-5m/tokenizer.json")))
  func book() throws {
    let tokenizer = try Tokenizer(path: Shared.path("models/books-5m/tokenizer.json"))
    let data = try Data(contentsOf: URL(filePath: Shared.path("texts/books-holdout.txt")))
    let text = String(decoding: data.prefix(20_000), as: UTF8.self)
    let ids = tokenizer.encode(text)
    #expect(ids.count < text.utf8.count / 2)
    #expect(tokenizer.decode(ids) == text)
    #expect(tokenizer.vocabularySize == 4096)
  }
}
