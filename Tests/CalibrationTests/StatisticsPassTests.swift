import Calibration
import Graph
import LinearAlgebra
import Runtime
import Tensors
import TestSupport
import Testing

@Suite struct StatisticsPassTests {
  private static let kinds: [StatisticKind] = [
    .inputGram, .inputAbsoluteMean, .inputSample, .outputGram, .blockSimilarity,
  ]

  private func value(
    _ source: BlockStatistics, _ kind: StatisticKind, _ node: Node, _ upstream: Upstream = .original
  )
    throws -> [Double]
  {
    try #require(source.statistic(kind, node: node.index, upstream: upstream)).value.doubles()
  }

  @Test("a stacked Gram is that of the means over groups of windows, for any group and any threads")
  func stacked() throws {
    let fixture = try PassFixture()
    let model = fixture.model
    let naive = try NaiveInputs(fixture.set.windows, upTo: 1) { _ in model }
    let length = fixture.set.context
    for group in [1, 2, 3, 5, 8] {
      let requests = fixture.requests([.inputStackedGram], maximumRows: group)
      let found = try [1, 3].map { threads in
        let pass = try StatisticsPass(
          model, set: fixture.set, requests: requests, phase: .compress,
          settings: fixture.settings(threads: threads))
        return try #require(pass).collect(block: 0)
      }
      for node in model.nodes(inBlock: 0) {
        let inputs = naive.inputs(node)
        let means = stride(from: 0, to: fixture.set.windows.count, by: group).flatMap { first in
          let windows = first..<min(first + group, fixture.set.windows.count)
          return (0..<length).map { position in
            (0..<node.inFeatures).map { column in
              windows.reduce(0) { $0 + inputs[$1 * length + position][column] } / Double(windows.count)
            }
          }
        }
        let values = try found.map { try value($0, .inputStackedGram, node) }
        #expect(relativeDifference(values[0], NaiveInputs.gram(means, means)) < 1e-5)
        #expect(values[0] == values[1])
      }
    }
  }

  @Test("statistics are the sums over the captured inputs", arguments: SyntheticFolder.Family.allCases)
  func naive(family: SyntheticFolder.Family) throws {
    let fixture = try PassFixture(family)
    let model = fixture.model
    let naive = try NaiveInputs(fixture.set.windows, upTo: 2) { _ in model }
    let requests = fixture.requests(Self.kinds, maximumRows: 11)
    let pass = try #require(
      try StatisticsPass(
        model, set: fixture.set, requests: requests, phase: .compress, settings: fixture.settings()))
    for block in 0..<2 {
      let found = try pass.collect(block: block)
      for node in model.nodes(inBlock: block) {
        let inputs = naive.inputs(node)
        try #require(inputs.count == fixture.set.usedCount)
        #expect(
          try #require(found.statistic(.inputGram, node: node.index, upstream: .original)).tokenCount
            == inputs.count)
        let gram = NaiveInputs.gram(inputs, inputs)
        #expect(relativeDifference(try value(found, .inputGram, node), gram) < 1e-5)
        let means = (0..<node.inFeatures).map { j in
          inputs.reduce(0) { $0 + abs($1[j]) } / Double(inputs.count)
        }
        #expect(relativeDifference(try value(found, .inputAbsoluteMean, node), means) < 1e-5)
        let weight = try DenseProduct.weight(of: model.linears[node.index]).doubles()
        let outputs = inputs.map { x in
          (0..<node.outFeatures).map { i in
            (0..<node.inFeatures).reduce(0) { $0 + weight[i * node.inFeatures + $1] * x[$1] }
          }
        }
        #expect(
          relativeDifference(try value(found, .outputGram, node), NaiveInputs.gram(outputs, outputs)) < 1e-5)
        try checkSample(try value(found, .inputSample, node), of: inputs)
      }
      let mean = try #require(naive.meanDistance(block))
      #expect(abs(try value(found, .blockSimilarity, model.nodes(inBlock: block)[0])[0] - mean) < 1e-6)
    }
  }

  /// Rows of a sample are rows of the stream, each once, in their order.
  private func checkSample(_ sample: [Double], of inputs: [[Double]]) throws {
    let width = try #require(inputs.first).count
    try #require(sample.count == 11 * width)
    var last = -1
    for row in 0..<11 {
      let values = Array(sample[row * width..<(row + 1) * width])
      let place = inputs.indices.first { index in
        index > last && zip(inputs[index], values).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($0)) }
      }
      last = try #require(place, "row \(row) of the sample is no later row of the inputs")
    }
  }

  @Test("a sample has no more rows than a request asks for, whatever other layers of the site ask")
  func sampleSizes() throws {
    let fixture = try PassFixture()
    var requests = fixture.requests([.inputSample], maximumRows: 4)
    requests[1].maximumRows = 9
    requests[2].maximumRows = 1000
    let pass = try #require(
      try StatisticsPass(
        fixture.model, set: fixture.set, requests: requests, phase: .compress, settings: fixture.settings()))
    let found = try pass.collect(block: 0)
    let rows = (0..<4).map { found.statistic(.inputSample, node: $0, upstream: .original)?.value.shape[0] }
    #expect(rows == [4, 9, fixture.set.usedCount, 4])
  }

  @Test("layers that read one input share one Gram matrix")
  func sharing() throws {
    let fixture = try PassFixture()
    let pass = try #require(
      try StatisticsPass(
        fixture.model, set: fixture.set, requests: fixture.requests([.inputGram]), phase: .compress,
        settings: fixture.settings()))
    let found = try pass.collect(block: 0)
    let storages = fixture.model.nodes(inBlock: 0).map {
      found.statistic(.inputGram, node: $0.index, upstream: .original).map {
        ObjectIdentifier($0.value.storage)
      }
    }
    #expect(storages[0] == storages[1] && storages[1] == storages[2])
    #expect(storages[4] == storages[5])
    #expect(Set(storages).count == 4)
  }

  @Test("results are the same bytes for any number of threads")
  func threads() throws {
    var all: [[[UInt8]]] = []
    for threads in [1, 2, 5] {
      let fixture = try PassFixture(.qwen3, samples: 7)
      let requests =
        fixture.requests(Self.kinds, maximumRows: 8)
        + fixture.requests([.inputGram, .inputCrossGram], .compressed)
      let pass = try #require(
        try StatisticsPass(
          fixture.model, set: fixture.set, requests: requests, phase: .compress,
          settings: fixture.settings(threads: threads)))
      var bytes: [[UInt8]] = []
      let after = try fixture.compressed(fixture.model, block: 0)
      for block in 0..<2 {
        let found = try pass.collect(block: block)
        for request in requests where fixture.model.nodes[request.node].block == block {
          let tensor = try #require(
            found.statistic(request.kind, node: request.node, upstream: request.upstream)
          ).value
          bytes.append(tensor.withBytes { Array($0) })
        }
        try pass.advance(block: block, through: after)
      }
      all.append(bytes)
    }
    #expect(all[0] == all[1])
    #expect(all[0] == all[2])
  }

  @Test("the compressed upstream runs through the blocks as the stage has left them")
  func upstream() throws {
    let fixture = try PassFixture(.qwen2, blocks: 3)
    let model = fixture.model
    let first = try fixture.compressed(model, block: 0)
    let second = try fixture.compressed(first, block: 1)
    let models = [model, first, second]
    let plain = try NaiveInputs(fixture.set.windows, upTo: 3) { _ in model }
    // Inputs of block b come through the blocks before b as they are by then; block b itself is still whole.
    let shifted = try NaiveInputs(fixture.set.windows, upTo: 3) { $0 < 3 ? models[$0] : model }
    let requests =
      fixture.requests([.inputGram, .inputCrossGram], .compressed) + fixture.requests([.inputGram], .original)
    let pass = try #require(
      try StatisticsPass(
        model, set: fixture.set, requests: requests, phase: .compress, settings: fixture.settings()))
    for block in 0..<3 {
      let found = try pass.collect(block: block)
      for node in model.nodes(inBlock: block) {
        let (x, y) = (plain.inputs(node), shifted.inputs(node))
        #expect(
          relativeDifference(try value(found, .inputGram, node, .compressed), NaiveInputs.gram(y, y)) < 1e-4)
        #expect(relativeDifference(try value(found, .inputGram, node), NaiveInputs.gram(x, x)) < 1e-5)
        #expect(
          relativeDifference(try value(found, .inputCrossGram, node, .compressed), NaiveInputs.gram(x, y))
            < 1e-4)
        if block > 0 { #expect(relativeDifference(NaiveInputs.gram(y, y), NaiveInputs.gram(x, x)) > 1e-2) }
      }
      if block < 2 { try pass.advance(block: block, through: models[block + 1]) }
    }
  }

  @Test(
    "where some tokens do, so many windows are read, spread over the text, unless another request reads all")
  func sufficientTokens() throws {
    let fixture = try PassFixture(.llama, blocks: 2)
    let (model, set) = (fixture.model, fixture.set)
    func statistics(_ requests: [StatisticRequest]) throws -> Statistic {
      let pass = try #require(
        try StatisticsPass(
          model, set: set, requests: requests, phase: .compress, settings: fixture.settings()))
      _ = try pass.collect(block: 0)
      let node = model.nodes(inBlock: 1)[0].index
      return try #require(
        try pass.collect(block: 1).statistic(.blockSimilarity, node: node, upstream: .original))
    }
    let some = fixture.requests([.blockSimilarity], maximumRows: set.context + 1)
    let found = try statistics(some)
    #expect(found.tokenCount == 2 * set.context)
    let spread = [set.windows[0], set.windows[set.windows.count / 2]]
    let naive = try NaiveInputs(spread, upTo: 2) { _ in model }
    #expect(abs(try found.value.doubles()[0] - (try #require(naive.meanDistance(1)))) < 1e-6)
    #expect(try statistics(some + fixture.requests([.inputGram])).tokenCount == set.usedCount)
    #expect(try statistics(fixture.requests([.blockSimilarity])).tokenCount == set.usedCount)
    let many = fixture.requests([.blockSimilarity], maximumRows: 1 << 20)
    #expect(try statistics(many).tokenCount == set.usedCount)
  }

  @Test("without a reader of the original stream the shifted statistics are the same bytes")
  func shiftedAlone() throws {
    let fixture = try PassFixture(.llama, blocks: 3)
    let model = fixture.model
    let next = try fixture.compressed(model, block: 0)
    let shifted = fixture.requests([.inputGram], .compressed)
    let both = shifted + fixture.requests([.inputGram, .blockSimilarity], .original)
    let passes = try [shifted, both].map { requests in
      try #require(
        try StatisticsPass(
          model, set: fixture.set, requests: requests, phase: .compress, settings: fixture.settings()))
    }
    for block in 0..<3 {
      let found = try passes.map { try $0.collect(block: block) }
      for node in model.nodes(inBlock: block) {
        #expect(
          try value(found[0], .inputGram, node, .compressed) == value(found[1], .inputGram, node, .compressed)
        )
      }
      if block < 2 { for pass in passes { try pass.advance(block: block, through: next) } }
    }
  }

  @Test("a pass serves its own phase, and is no pass when nothing is asked of it")
  func phases() throws {
    let fixture = try PassFixture()
    let requests = fixture.requests([.inputGram])
    #expect(
      try StatisticsPass(
        fixture.model, set: fixture.set, requests: requests, phase: .analyze, settings: fixture.settings())
        == nil)
    #expect(
      try StatisticsPass(
        fixture.model, set: fixture.set, requests: [], phase: .compress, settings: fixture.settings()) == nil)
    let one = try #require(
      try StatisticsPass(
        fixture.model, set: fixture.set, requests: Array(requests[..<1]), phase: .compress,
        settings: fixture.settings()))
    let found = try one.collect(block: 0)
    #expect(found.statistic(.inputGram, node: 0, upstream: .original) != nil)
    #expect(found.statistic(.inputGram, node: 1, upstream: .original) == nil)
    #expect(found.statistic(.inputGram, node: 0, upstream: .compressed) == nil)
    #expect(found.statistic(.outputGram, node: 0, upstream: .original) == nil)
    #expect(try one.collect(block: 1).statistic(.inputGram, node: 7, upstream: .original) == nil)
  }

  @Test("f32 results are the f64 ones rounded")
  func elementTypes() throws {
    let fixture = try PassFixture()
    let requests = fixture.requests([.inputGram]) + fixture.requests([.outputGram], type: .f32)
    let pass = try #require(
      try StatisticsPass(
        fixture.model, set: fixture.set, requests: requests, phase: .compress, settings: fixture.settings()))
    let found = try pass.collect(block: 0)
    #expect(found.statistic(.inputGram, node: 0, upstream: .original)?.value.elementType == .f64)
    #expect(found.statistic(.outputGram, node: 0, upstream: .original)?.value.elementType == .f32)
  }

  @Test("an interruption ends a pass")
  func cancellation() throws {
    let fixture = try PassFixture()
    let pass = try #require(
      try StatisticsPass(
        fixture.model, set: fixture.set, requests: fixture.requests([.inputGram]), phase: .compress,
        settings: fixture.settings(isCancelled: { true })))
    do {
      _ = try pass.collect(block: 0)
      Issue.record("the pass was not interrupted")
    } catch CalibrationError.cancelled {}
  }
}
