import Evaluation
import Foundation
import LinearAlgebra
import ModelIO
import TestSupport
import Testing

@Suite struct BooksTests {
  static let isHere = Shared.has("models/books-5m/model.safetensors") && Shared.has("texts/books-holdout.txt")

  @Test("a real model on real text reaches the perplexity of the reference", .enabled(if: isHere))
  func perplexity() throws {
    let directory = Shared.path("models/books-5m")
    let text = try String(contentsOfFile: Shared.path("texts/books-holdout.txt"), encoding: .utf8)
    let tokenizer = try Tokenizer(path: directory + "/tokenizer.json")
    let tokens = tokenizer.encode(String(text.prefix(16_000)))
    let windows = try TokenWindows(Array(tokens[..<4100]), context: 512)
    let found = try Perplexity.measure(
      Checkpoint(directory: directory).model, on: windows, workers: Workers(threads: 2))
    // transformers in f32 on the same 8 windows; the whole text gives 39.7366.
    #expect(abs(found.meanNegativeLogLikelihood - 3.66699658) < 2e-6)
    #expect(found.tokens == 8 * 511)
    #expect(found.droppedTail == 4)
  }
}
