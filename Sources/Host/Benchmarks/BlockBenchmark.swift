import Calibration
import Foundation
import Glibc
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Tensors

/// One whole block through statistics and the SVD-LLM V2 plugin, as a compression runs it, by phase.
struct BlockBenchmark {
  private let arguments: BenchmarkArguments

  private static let tokens = 2048
  private static let context = 512

  init(_ arguments: BenchmarkArguments) { self.arguments = arguments }

  func run() throws -> JSON {
    try .array(arguments.sizes.map { size in try measure(size) })
  }

  private func measure(_ size: Int) throws -> JSON {
    let folder = "\(arguments.directory)/lathe-benchmark-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let files = RandomCheckpoint(directory: folder, size: size, blocks: 1)
    try files.write(characters: 1)
    let model = try Checkpoint(directory: folder).model
    let peak = BLASCore.measuredGigaflops(size: 2048, workers: arguments.workers)

    let scratch = try ScratchFile(directory: folder)
    let snapshot = ModelSnapshot(model)
    let (library, index) = try PluginSearch(explicit: []).strategy("svdllm-v2")
    let nodes = model.nodes(inBlock: 0)
    let bytes = nodes.reduce(0) { $0 + model.linears[$1.index].form.byteCount }
    let environment = StageEnvironment(
      seed: 1, stage: 0, workers: arguments.workers, selected: Set(nodes.map(\.index)),
      budget: bytes * 6 / 10,
      scratch: scratch)
    let instance = try StrategyInstance(
      library, index: index, parameters: ParameterValues([:], for: library.strategies[index]),
      environment: environment, snapshot: snapshot)
    let requests = try instance.plan(environment, snapshot)

    let settings = CalibrationSettings(seed: 1, workers: arguments.workers, scratch: scratch)
    let pass = try StatisticsPass(
      model, set: Self.windows(), requests: requests, phase: .analyze, settings: settings)
    let statistics = try Stopwatch.time { try pass?.collect(block: 0) }
    Benchmarks.note("block \(size), statistics: \(statistics.seconds) s")
    let analysis = try Stopwatch.time {
      try instance.analyze(block: 0, environment, snapshot, statistics.result)
    }
    Benchmarks.note("block \(size), analysis: \(analysis.seconds) s")
    let factors = try Stopwatch.time { () throws -> [Int: Linear] in
      try instance.allocate(environment, snapshot)
      return try instance.compress(block: 0, environment, snapshot, nil)
    }
    return [
      "size": .integer(size), "tokens": .integer(Self.tokens), "replaced": .integer(factors.result.count),
      "statisticsSeconds": .number(statistics.seconds), "analysisSeconds": .number(analysis.seconds),
      "factorsSeconds": .number(factors.seconds),
      "seconds": .number(statistics.seconds + analysis.seconds + factors.seconds),
      "sgemmGigaflops": .number(peak),
    ]
  }

  private static func windows() throws(CalibrationError) -> CalibrationSet {
    let random = CounterRandom(seed: 3)
    let tokens = (0..<tokens).map { Int32(random.words(at: UInt64($0)).0 % 256) }
    return try CalibrationSet(tokens: tokens, samples: Self.tokens / context, context: context, seed: 1)
  }
}
