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
    let peak = try Self.sgemmRate()

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
    Benchmarks.note("block \(size), statistics: \(statistics.time.wall) s")
    let analysis = try Stopwatch.time {
      try instance.analyze(block: 0, environment, snapshot, statistics.result)
    }
    Benchmarks.note("block \(size), analysis: \(analysis.time.wall) s")
    let factors = try Stopwatch.time { () throws -> [Int: Linear] in
      try instance.allocate(environment, snapshot)
      return try instance.compress(block: 0, environment, snapshot, nil).linears
    }
    // What the same processors would do in the same time with nothing but sgemm.
    func phase(_ time: Stopwatch.Time) -> JSON {
      [
        "seconds": .number(time.wall), "processorSeconds": .number(time.processor),
        "sgemmEquivalentGigaflop": .number(time.processor * peak),
      ]
    }
    return [
      "size": .integer(size), "tokens": .integer(Self.tokens), "replaced": .integer(factors.result.count),
      "sgemmGigaflopsPerCore": .number(peak), "statistics": phase(statistics.time),
      "analysis": phase(analysis.time), "factors": phase(factors.time),
    ]
  }

  /// Of one core, in GFLOP/s of processor time.
  private static func sgemmRate() throws -> Double {
    let a = Matrix<Float>(rows: 2048, columns: 2048) { Float(($0 * 7 + $1 * 3) % 11) * 0.1 }
    let time = try Stopwatch.median(of: 3) { _ = try gemm(a, a, workers: .serial) }
    return 2 * 0x1p33 / time.processor * 1e-9
  }

  private static func windows() throws(CalibrationError) -> CalibrationSet {
    let random = CounterRandom(seed: 3)
    let tokens = (0..<tokens).map { Int32(random.words(at: UInt64($0)).0 % 256) }
    return try CalibrationSet(tokens: tokens, samples: Self.tokens / context, context: context, seed: 1)
  }
}
