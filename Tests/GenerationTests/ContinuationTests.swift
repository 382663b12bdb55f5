import Evaluation
import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Tensors
import TestSupport
import Testing

@testable import Generation

@Suite struct ContinuationTests {
  static let golden = ["llama", "llama3-rope", "mistral-window", "qwen2", "qwen3"].filter {
    Shared.has("golden/\($0)/model.safetensors")
  }

  /// The largest difference of any logit from the forward pass over the whole sequence, when the first `prompt`
  /// tokens come together and the others one by one, or three by three.
  static func distance(_ model: Model, _ tokens: [Int32], prompt: Int, step: Int = 1) throws -> Float {
    let workers = Workers(threads: 2)
    let size = model.configuration.vocabularySize
    let full = try Logits.tensor(model, sequences: [tokens], workers: workers).floats()
    var sequence = Continuation(model: try StoredModel(model), longest: tokens.count, workers: workers)
    var worst: Float = 0
    var end = prompt
    while true {
      let found = try sequence.extend(Array(tokens[sequence.count..<end]))
      for (a, b) in zip(found, full[(end - 1) * size..<end * size]) { worst = max(worst, abs(a - b)) }
      guard end < tokens.count else { return worst }
      end = min(end + step, tokens.count)
    }
  }

  @Test(
    "generation with a cache gives the logits of the forward pass on every golden model",
    .enabled(if: !golden.isEmpty), arguments: golden)
  func goldenModels(name: String) throws {
    let model = try Checkpoint(directory: Shared.path("golden/\(name)")).model
    let tokens = RandomModel.tokens(60, vocabularySize: model.configuration.vocabularySize, seed: 3)
    #expect(try Self.distance(model, tokens, prompt: 1) < 1e-4)
    #expect(try Self.distance(model, tokens, prompt: 20) < 1e-4)
    #expect(try Self.distance(model, tokens, prompt: 7, step: 9) < 1e-4)
  }

  @Test(
    "logits of golden models are those of the reference implementation", .enabled(if: !golden.isEmpty),
    arguments: golden)
  func reference(name: String) throws {
    let folder = Shared.path("golden/\(name)")
    let file = try SafetensorsFile(path: folder + "/golden.safetensors")
    let ids = try file.tensor(named: "input_ids")
    let expected = try file.tensor(named: "logits").floats()
    let model = try StoredModel(Checkpoint(directory: folder).model)
    let (length, size) = (ids.shape[1], model.configuration.vocabularySize)
    for row in 0..<ids.shape[0] {
      var sequence = Continuation(model: model, longest: length, workers: .serial)
      for position in 0..<length {
        let place = row * length + position
        let token = ids.withBytes { $0.loadUnaligned(fromByteOffset: 8 * place, as: Int64.self) }
        let found = try sequence.extend([Int32(clamping: token)])
        let worst = zip(found, expected[place * size..<(place + 1) * size]).map { abs($0 - $1) }.max()
        #expect(try #require(worst) < 1e-4)
      }
    }
  }

  @Test("the same holds for every form a layer can have", arguments: LayerForms.allCases)
  func forms(form: LayerForms) throws {
    var configuration = RandomModel.configuration(hiddenSize: 48, vocabularySize: 61, isTied: form == .tied)
    configuration.intermediateSize = 136
    configuration.biasedRoles = [.query, .key, .value, .gate]
    configuration.hasQueryKeyNorm = true
    configuration.windows = [nil, 6]
    let model = try form.model(configuration)
    let tokens = RandomModel.tokens(40, vocabularySize: 61, seed: 5)
    #expect(try Self.distance(model, tokens, prompt: 1) < 1e-4)
    #expect(try Self.distance(model, tokens, prompt: 11, step: 2) < 1e-4)
    #expect(try Self.distance(model, tokens, prompt: 25, step: 8) < 1e-4)
  }

  @Test("a window forgets what lies before it, for good, and keeps what it needs", arguments: [1, 2, 5, 40])
  func window(size: Int) throws {
    var configuration = RandomModel.configuration()
    configuration.windows = [size, size]
    configuration.maximumPositions = 1024
    let model = try RandomModel.model(configuration)
    let tokens = RandomModel.tokens(400, vocabularySize: 53, seed: 8)
    #expect(try Self.distance(model, tokens, prompt: 3) < 1e-4)
    #expect(try Self.distance(model, tokens, prompt: 100, step: 37) < 1e-4)
    let block = try StoredBlock(model: model, block: 0)
    var cache = block.makeCache()
    for _ in 0..<1000 {
      let row = Matrix<Float>(rows: 1, columns: 16)
      row.withView { cache.append(keys: $0, values: $0) }
    }
    #expect(cache.capacity <= max(64, 2 * size))
    #expect(cache.firstPosition + cache.count == 1000)
    #expect(cache.count >= min(size, 1000))
  }

  @Test("a prompt of several batches is one sequence")
  func batches() throws {
    var configuration = RandomModel.configuration()
    configuration.maximumPositions = 1024
    let model = try RandomModel.model(configuration, elementType: .bf16)
    let tokens = RandomModel.tokens(Continuation.batchSize * 2 + 30, vocabularySize: 53, seed: 8)
    #expect(try Self.distance(model, tokens, prompt: tokens.count) < 1e-4)
    #expect(try Self.distance(model, tokens, prompt: Continuation.batchSize + 1, step: 100) < 1e-4)
  }

  @Test("scaling that depends on the length takes the length the sequence was made for")
  func dynamicScaling() throws {
    var configuration = RandomModel.configuration()
    configuration.rotary.scaling = .dynamic(factor: 4, originalPositions: 16)
    let model = try RandomModel.model(configuration)
    let tokens = RandomModel.tokens(40, vocabularySize: 53, seed: 8)
    let full = try Logits.tensor(model, sequences: [tokens], workers: .serial).floats()
    var sequence = Continuation(model: try StoredModel(model), longest: 40, workers: .serial)
    var found: [Float] = []
    for token in tokens { found = try sequence.extend([token]) }
    #expect(zip(found, full.suffix(53)).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test("one, two and five threads give the same bytes", arguments: [LayerForms.dense, .factoredQuantised])
  func threads(form: LayerForms) throws {
    // Wide enough for several pieces of every product.
    var configuration = RandomModel.configuration(hiddenSize: 512, vocabularySize: 900)
    configuration.intermediateSize = 1024
    let model = try StoredModel(form.model(configuration))
    let tokens = RandomModel.tokens(24, vocabularySize: 900, seed: 5)
    let results = try [1, 2, 5].map { threads in
      var sequence = Continuation(model: model, longest: 24, workers: Workers(threads: threads))
      return try [tokens[..<20], tokens[20..<21], tokens[21...]].map { try sequence.extend(Array($0)) }
    }
    #expect(results[1] == results[0])
    #expect(results[2] == results[0])
  }

  @Test("an empty run, a token beyond the vocabulary, a longer sequence and NaN are refused")
  func refusals() throws {
    let configuration = RandomModel.configuration()
    let model = try RandomModel.model(configuration)
    var sequence = Continuation(model: try StoredModel(model), longest: 4, workers: .serial)
    #expect(throws: GenerationError.noTokens) { try sequence.extend([]) }
    #expect(throws: GenerationError.run(.token(53, position: 1, vocabulary: 53))) {
      try sequence.extend([1, 53])
    }
    #expect(throws: GenerationError.tooLong(tokens: 5, longest: 4)) { try sequence.extend([1, 2, 3, 4, 5]) }
    #expect(throws: GenerationError.cancelled) { try sequence.extend([1], isCancelled: { true }) }
    var broken = model
    let node = try #require(model.nodes.first { $0.role == .down && $0.block == 1 })
    try broken.replace(
      node, with: Linear(weight: Tensor([24, 40], [Float](repeating: .nan, count: 960)), bias: nil))
    var other = Continuation(model: try StoredModel(broken), longest: 4, workers: .serial)
    #expect(throws: GenerationError.nonFiniteLogit(position: 2)) { try other.extend([1, 2, 3]) }
  }
}
