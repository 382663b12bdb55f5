import Foundation
import Glibc
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost

/// Peak memory of a whole SVD-LLM V2 compression, against the bound that a streaming design promises:
///
///     mapped model + weights of three blocks + statistics of one block + 300 MB
///
/// Weights as the f32 they are computed in, statistics as f64 Gram matrices. Mapped pages count as resident while
/// the system keeps them, so the anonymous part is given on its own. One run per process: peaks cannot be reset.
struct MemoryBenchmark {
  private let arguments: BenchmarkArguments

  private static let samples = 8
  private static let context = 256
  private static let slack = 300_000_000

  init(_ arguments: BenchmarkArguments) { self.arguments = arguments }

  func run() throws -> JSON {
    let folder = "\(arguments.directory)/lathe-benchmark-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let checkpoint = RandomCheckpoint(
      directory: "\(folder)/model", size: arguments.sizes[0], blocks: arguments.blocks)
    try checkpoint.write(characters: 2 * Self.samples * Self.context)
    let sampler = MemorySampler()
    let (time, report) = try Stopwatch.time { try compress(checkpoint, folder, sampler) }
    sampler.stop()
    let sizes = Sizes(checkpoint)
    let bound = sizes.model + 3 * sizes.blockWeights + sizes.statistics + Self.slack
    let resident = MemorySampler.largestResident
    return [
      "blocks": .integer(checkpoint.blocks), "size": .integer(checkpoint.size), "seconds": .number(time.wall),
      "modelBytes": .integer(sizes.model), "bytesAfter": .integer(report.tensorBytesAfter),
      "threeBlocksBytes": .integer(3 * sizes.blockWeights), "statisticsBytes": .integer(sizes.statistics),
      "boundBytes": .integer(bound), "peakResidentBytes": .integer(resident),
      "ratioToBound": .number(Double(resident) / Double(bound)),
      "peakAnonymousBytes": .integer(sampler.peaks.map(\.usage.anonymous).max() ?? 0),
      "anonymousBoundBytes": .integer(bound - sizes.model),
      "activities": .array(
        sampler.peaks.map { peak in
          [
            "name": .string(peak.activity), "anonymousBytes": .integer(peak.usage.anonymous),
            "residentBytes": .integer(peak.usage.resident),
          ]
        }),
    ]
  }

  /// Bytes of the parts of the bound.
  private struct Sizes {
    let model: Int
    let blockWeights: Int
    let statistics: Int

    init(_ checkpoint: RandomCheckpoint) {
      let (d, f) = (checkpoint.size, checkpoint.intermediate)
      model = (try? FileManager.default.attributesOfItem(atPath: checkpoint.weightsPath)[.size] as? Int) ?? 0
      blockWeights = 4 * (2 * d * d + d * d / 2 + 3 * d * f)
      statistics = 8 * (3 * d * d + f * f)
    }
  }

  private func compress(
    _ checkpoint: RandomCheckpoint, _ folder: String, _ sampler: MemorySampler
  ) throws -> CompressionReport {
    let json: JSON = [
      "lathe": 1, "seed": 1,
      "calibration": [
        "text": ["model/text.txt"], "samples": .integer(Self.samples), "context": .integer(Self.context),
      ],
      "stages": [["strategy": "svdllm-v2", "keep": 0.6]],
    ]
    let recipe = try Recipe(json: json, path: "\(folder)/recipe.json")
    let run = CompressionRun(
      model: checkpoint.directory, recipe: recipe, output: "\(folder)/output",
      plugins: try PluginSearch(explicit: []),
      workers: arguments.workers,
      progress: ProgressSink { activity, done, total in
        sampler.enter(activity)
        if done % 4 == 0 { Benchmarks.note("\(activity) \(done) of \(total)") }
      })
    return try run.run()
  }
}
