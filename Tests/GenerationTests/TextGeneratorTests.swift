import Evaluation
import Graph
import LinearAlgebra
import ModelIO
import TestSupport
import Testing

@testable import Generation

@Suite struct TextGeneratorTests {
  static func generator(threads: Int = 1) throws -> (TextGenerator, Model) {
    let model = try RandomModel.model(SyntheticFolder.configuration(), elementType: .bf16)
    let tokenizer = try Tokenizer(json: SyntheticFolder.tokenizer, path: "tokenizer.json")
    return (
      TextGenerator(
        model: try StoredModel(model), tokenizer: tokenizer, workers: Workers(threads: threads)), model
    )
  }

  @Test("greedy text is the argmax of the logits of the whole forward pass")
  func greedy() throws {
    let (generator, model) = try Self.generator()
    let prompt = generator.tokenizer.encode("the loin")
    let found = try generator.run(GenerationRequest(prompt: prompt, maximumTokens: 30))
    #expect(found.tokens.count == 30)
    #expect(found.ending == .length)
    let all = prompt + found.tokens
    let size = model.configuration.vocabularySize
    let logits = try Logits.tensor(model, sequences: [all], workers: .serial).floats()
    for (index, token) in found.tokens.enumerated() {
      let row = logits[(prompt.count + index - 1) * size..<(prompt.count + index) * size]
      #expect(Int(token) == (row.firstIndex(of: row.max() ?? 0) ?? 0) - row.startIndex)
    }
  }

  @Test("any number of threads gives the same tokens, greedy or drawn")
  func threads() throws {
    for sampling in [Sampling.greedy, Sampling(temperature: 1.5, topP: 0.95, seed: 11)] {
      let results = try [1, 2, 7].map { threads in
        let generator = try Self.generator(threads: threads).0
        return try generator.run(
          GenerationRequest(prompt: [1, 2, 3], maximumTokens: 40, sampling: sampling)
        ).tokens
      }
      #expect(results[1] == results[0])
      #expect(results[2] == results[0])
    }
  }

  @Test("an end token ends the text and is no part of it")
  func endToken() throws {
    let (generator, _) = try Self.generator()
    let free = try generator.run(GenerationRequest(prompt: [70], maximumTokens: 12))
    let end = try #require(free.tokens.last)
    let first = try #require(free.tokens.firstIndex(of: end))
    let found = try generator.run(GenerationRequest(prompt: [70], maximumTokens: 12, endTokens: [end]))
    #expect(found.tokens == Array(free.tokens[..<first]))
    #expect(found.ending == .endToken)
  }

  @Test("the text that is watched is the text of the tokens, and a stop cuts it")
  func text() throws {
    let (generator, _) = try Self.generator()
    var pieces: [String] = []
    let request = GenerationRequest(
      prompt: [70], maximumTokens: 60, sampling: Sampling(temperature: 1, seed: 2))
    let found = try generator.run(request, observer: GenerationObserver(text: { pieces.append($0) }))
    #expect(pieces.joined() == found.text)
    #expect(Array(found.text.utf8) == Array(generator.tokenizer.decode([70] + found.tokens).utf8.dropFirst()))
    let stop = String(found.text.dropFirst(10).prefix(2))
    var stopped = request
    stopped.stops = [stop]
    let cut = try generator.run(stopped)
    #expect(cut.ending == .stop)
    #expect(found.text.hasPrefix(cut.text + stop))
  }

  @Test(
    "passing the context is told once, a longer prompt is refused, and an interruption keeps what is there")
  func limits() throws {
    let (generator, _) = try Self.generator()
    let positions = generator.model.configuration.maximumPositions
    let long = [Int32](repeating: 5, count: positions)
    var warnings = 0
    let observer = GenerationObserver(passedContext: { warnings += 1 })
    _ = try generator.run(
      GenerationRequest(prompt: Array(long.dropLast(2)), maximumTokens: 2), observer: observer)
    #expect(warnings == 0)
    _ = try generator.run(
      GenerationRequest(prompt: Array(long.dropLast(2)), maximumTokens: 5), observer: observer)
    #expect(warnings == 1)
    #expect(throws: GenerationError.promptTooLong(tokens: positions + 1, positions: positions)) {
      try generator.run(GenerationRequest(prompt: long + [5], maximumTokens: 1))
    }
    var asked = 0
    let impatient = GenerationObserver(isCancelled: {
      asked += 1
      return asked > 9
    })
    let found = try generator.run(GenerationRequest(prompt: [5], maximumTokens: 50), observer: impatient)
    #expect(found.ending == .interrupted)
    // Two blocks, each with a question: the prompt and three steps take eight, the fourth step is cut short.
    #expect(found.tokens.count == 4)
  }
}
