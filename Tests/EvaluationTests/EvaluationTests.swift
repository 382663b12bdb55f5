import Foundation
import Graph
import LinearAlgebra
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite struct EvaluationTests {
  static func configuration() -> DecoderConfiguration {
    var configuration = RandomModel.configuration()
    configuration.hasQueryKeyNorm = true
    configuration.biasedRoles = [.query, .key, .value, .gate]
    configuration.windows = [nil, 5]
    return configuration
  }

  static func windows(_ count: Int = 5, context: Int = 12) throws -> TokenWindows {
    try TokenWindows(
      RandomModel.tokens(count * context + 2, vocabularySize: 53, seed: 4), context: context)
  }

  static func logSoftmax(_ x: [Double]) -> [Double] {
    let sum = log(x.reduce(0) { $0 + exp($1) })
    return x.map { $0 - sum }
  }

  @Test("logits agree with a decoder in f64", arguments: [false, true])
  func logits(isTied: Bool) throws {
    var configuration = Self.configuration()
    configuration.isTied = isTied
    let model = try RandomModel.model(configuration)
    let sequences = try Self.windows(2, context: 20).windows
    let found = try Logits.tensor(model, sequences: sequences, workers: Workers(threads: 2))
    #expect(found.shape == [2, 20, 53])
    let expected = try sequences.flatMap { try NaiveDecoder(model).logits($0).joined() }
    let worst = zip(try found.doubles(), expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 2e-5)
  }

  @Test("perplexity is exp of the mean over all but each window's first token")
  func perplexity() throws {
    let model = try RandomModel.model(Self.configuration())
    let windows = try Self.windows()
    let found = try Perplexity.measure(model, on: windows, workers: .serial)
    let naive = try NaiveDecoder(model)
    var sum = 0.0
    for window in windows.windows {
      for (t, row) in try naive.logits(window).dropLast().enumerated() {
        sum -= Self.logSoftmax(row)[Int(window[t + 1])]
      }
    }
    #expect(abs(found.meanNegativeLogLikelihood - sum / 55) < 2e-6)
    #expect(found.value == exp(found.meanNegativeLogLikelihood))
    #expect(found.tokens == 55)
    #expect(found.windows == 5)
    #expect(found.droppedTail == 2)
  }

  @Test("divergence, agreement and both perplexities agree with f64")
  func divergence() throws {
    let model = try RandomModel.model(Self.configuration(), seed: 1)
    // The same weights rounded to bfloat16: near enough that some positions agree and some do not.
    let reference = try RandomModel.model(Self.configuration(), elementType: .bf16, seed: 1)
    let windows = try Self.windows(8)
    let found = try Divergence.measure(model, reference: reference, on: windows, workers: .serial)
    let (q, p) = (try NaiveDecoder(model), try NaiveDecoder(reference))
    var (sum, agreements) = (0.0, 0)
    for window in windows.windows {
      for (x, y) in zip(try q.logits(window), try p.logits(window)).dropLast() {
        let (logQ, logP) = (Self.logSoftmax(x), Self.logSoftmax(y))
        sum += zip(logP, logQ).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        if x.firstIndex(of: x.max() ?? 0) == y.firstIndex(of: y.max() ?? 0) { agreements += 1 }
      }
    }
    #expect(abs(found.meanDivergence - sum / 88) < 1e-6)
    #expect(abs(found.topAgreement - Double(agreements) / 88) < 1e-12)
    #expect(try found.perplexity == Perplexity.measure(model, on: windows, workers: .serial))
    #expect(try found.referencePerplexity == Perplexity.measure(reference, on: windows, workers: .serial))
  }

  @Test("a model does not diverge from itself")
  func noDivergence() throws {
    let model = try RandomModel.model(Self.configuration())
    let found = try Divergence.measure(model, reference: model, on: Self.windows(), workers: .serial)
    #expect(found.meanDivergence == 0)
    #expect(found.topAgreement == 1)
  }

  @Test("one thread, two threads and eight give the same bytes")
  func threads() throws {
    let model = try RandomModel.model(Self.configuration())
    let windows = try Self.windows(9)
    let results = try [1, 2, 8].map { threads in
      let workers = Workers(threads: threads)
      return (
        try Logits.tensor(model, sequences: windows.windows, workers: workers).floats(),
        try Perplexity.measure(model, on: windows, workers: workers)
      )
    }
    for other in results.dropFirst() {
      #expect(other.0 == results[0].0)
      #expect(other.1 == results[0].1)
    }
  }

  @Test("a sequence's logits do not depend on the others")
  func batches() throws {
    let model = try RandomModel.model(Self.configuration())
    let sequences = try Self.windows(3).windows
    let together = try Logits.tensor(model, sequences: sequences, workers: Workers(threads: 2)).floats()
    let alone = try sequences.flatMap {
      try Logits.tensor(model, sequences: [$0], workers: .serial).floats()
    }
    #expect(together == alone)
  }

  @Test("neither memory bounds nor evicted pages change a byte")
  func bounds() throws {
    let model = try RandomModel.model(Self.configuration())
    let scratch = try ScratchFile(directory: "/tmp")
    var onDisk = model
    for node in model.nodes {
      try onDisk.replace(
        node,
        with: model.linears[node.index].mapTensors { (tensor) throws(TensorError) in try scratch.keep(tensor)
        })
    }
    let windows = try Self.windows(7).windows
    let sum = { @Sendable (sum: inout Double, chunk: LogitChunk) in
      sum += LogLikelihood.negativeSum(chunk, model: 0)
    }
    let plain = try LogitPass(models: [model], workers: .serial).run(windows, initial: 0, consume: sum)
    var tight = try LogitPass(models: [onDisk], workers: Workers(threads: 2))
    tight.hiddenLimit = 1
    tight.blockLimit = 0
    #expect(try tight.run(windows, initial: 0, consume: sum) == plain)
    #expect(plain.count == 7)
  }

  @Test("a logit that is not finite is an error with its window and position")
  func nonFinite() throws {
    let model = try RandomModel.model(Self.configuration())
    var others = model.others
    var table = try #require(try others[model.names.embedding]?.floats())
    let norm = try #require(try others[model.names.finalNorm]?.floats())
    // Token 52 points along the first axis alone, where its normalised state is sqrt(24) = 4.9 times the norm's
    // weight; the head overflows from 4.5 times on.
    for i in 0..<24 { table[52 * 24 + i] = i == 0 ? 1e4 : 0 }
    others[model.names.embedding] = Tensor([53, 24], table)
    let steep = Float.greatestFiniteMagnitude / (4.5 * abs(norm[0]))
    let head = Tensor([53, 24], (0..<53 * 24).map { $0 == 0 ? steep : 0 })
    var broken = Model(
      configuration: model.configuration, names: model.names, nodes: model.nodes, linears: model.linears,
      others: others)
    let node = try #require(model.nodes.last)
    try broken.replace(node, with: Linear(weight: head, bias: nil))
    var tokens = RandomModel.tokens(40, vocabularySize: 52, seed: 5)
    tokens[24] = 52
    tokens[35] = 52
    let windows = try TokenWindows(tokens, context: 10)
    let clean = try TokenWindows(RandomModel.tokens(40, vocabularySize: 52, seed: 5), context: 10)
    _ = try Perplexity.measure(broken, on: clean, workers: .serial)
    for threads in [1, 4] {
      #expect(throws: EvaluationError.nonFiniteLogit(model: 0, sequence: 2, position: 4)) {
        try Perplexity.measure(broken, on: windows, workers: Workers(threads: threads))
      }
      #expect(throws: EvaluationError.nonFiniteLogit(model: 1, sequence: 2, position: 4)) {
        try Divergence.measure(model, reference: broken, on: windows, workers: Workers(threads: threads))
      }
    }
  }

  @Test("progress grows to one, and a cancelled evaluation stops")
  func supervision() throws {
    let model = try RandomModel.model(Self.configuration())
    let shares = Mutex<[Double]>([])
    let watching = Supervision(progress: { share in shares.withLock { $0.append(share) } })
    _ = try Perplexity.measure(model, on: Self.windows(), workers: Workers(threads: 2), supervision: watching)
    let seen = shares.withLock { $0 }
    #expect(seen == seen.sorted() && seen.last == 1 && seen.count == 3)
    #expect(throws: EvaluationError.cancelled) {
      try Perplexity.measure(
        model, on: Self.windows(), workers: Workers(threads: 2),
        supervision: Supervision(isCancelled: { true }))
    }
  }

  @Test("models with different vocabularies are not compared, and ragged sequences make no tensor")
  func refusals() throws {
    let small = try RandomModel.model(RandomModel.configuration(vocabularySize: 20))
    let large = try RandomModel.model(RandomModel.configuration(vocabularySize: 30))
    let windows = try TokenWindows([1, 2, 3, 4], context: 2)
    #expect(throws: EvaluationError.vocabularies([20, 30])) {
      try Divergence.measure(small, reference: large, on: windows, workers: .serial)
    }
    #expect(throws: EvaluationError.ragged(sequence: 1, expected: 2, found: 1)) {
      try Logits.tensor(small, sequences: [[1, 2], [3]], workers: .serial)
    }
  }
}
