import Calibration
import Foundation
import Glibc
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Tensors

/// GPTQ of one square layer by the plugin, given the Gram matrix of random inputs: 4 bits, groups of 128.
///
/// The time is that of the whole call, errors and their report included. `examples/gptq-speed.py` states the published
/// loop in PyTorch.
struct ColumnBenchmark {
  private let arguments: BenchmarkArguments

  private static let tokens = 32768
  private static let chunk = 2048

  init(_ arguments: BenchmarkArguments) { self.arguments = arguments }

  func run() throws -> JSON {
    try .array(arguments.sizes.map { size in try measure(size) })
  }

  private func measure(_ size: Int) throws -> JSON {
    let model = try Self.model(size)
    let scratch = try ScratchFile(directory: arguments.directory)
    let snapshot = ModelSnapshot(model)
    let (library, index) = try PluginSearch(explicit: []).strategy("quantize")
    let parameters = try ParameterValues(
      ["method": "gptq", "bits": 4, "group_size": 128], for: library.strategies[index])
    let environment = StageEnvironment(
      seed: 1, stage: 0, workers: arguments.workers, selected: [0], scratch: scratch)
    let instance = try StrategyInstance(
      library, index: index, parameters: parameters, environment: environment, snapshot: snapshot)
    let gram = try gram(size)
    let time = try Stopwatch.median(of: arguments.repetitions) {
      _ = try instance.compress(block: 0, environment, snapshot, gram)
    }
    Benchmarks.note("gptq \(size): \(time.wall) s")
    return [
      "size": .integer(size), "seconds": .number(time.wall), "processorSeconds": .number(time.processor),
    ]
  }

  /// The Gram matrix of uniform inputs.
  private func gram(_ size: Int) throws -> Given {
    var sum = GramAccumulator(dimension: size)
    for chunk in 0..<Self.tokens / Self.chunk {
      let random = CounterRandom(seed: 9, stream: UInt64(chunk))
      let rows = Matrix<Float>(rows: Self.chunk, columns: size) { i, j in
        random.uniform(at: UInt64(i * size + j)) - 0.5
      }
      try sum.add(rows: rows, workers: arguments.workers)
    }
    return Given(
      statistic: Statistic(value: sum.gram(workers: arguments.workers).tensor(), tokenCount: Self.tokens))
  }

  /// Answers every question with one statistic.
  private struct Given: StatisticSource {
    let statistic: Statistic
    func statistic(_ kind: StatisticKind, node: Int, upstream: Upstream) -> Statistic? { statistic }
  }

  /// One block of which only the query layer, `[size, size]`, has numbers.
  private static func model(_ size: Int) throws -> Model {
    let configuration = DecoderConfiguration(
      architecture: "llama", hiddenSize: size, intermediateSize: size, blockCount: 1, headCount: 1,
      keyValueHeadCount: 1, headDimension: size, vocabularySize: 1, normEpsilon: 1e-5, activation: .silu,
      rotary: RotaryConfiguration(theta: 10000, dimensions: size, scaling: .none), isTied: true,
      hasQueryKeyNorm: false, windows: [nil], biasedRoles: [], maximumPositions: 1)
    let random = CounterRandom(seed: 7)
    let weight = Matrix<Float>(rows: size, columns: size) { i, j in
      random.uniform(at: UInt64(i * size + j)) - 0.5
    }
    let node = Node(
      index: 0, name: "layer", role: .query, block: 0, outFeatures: size, inFeatures: size, elementType: .f32)
    return Model(
      configuration: configuration, names: .huggingFace, nodes: [node],
      linears: [try Linear(weight: weight.tensor(), bias: nil)], others: [:])
  }
}
