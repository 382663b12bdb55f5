import Foundation
import Glibc
import ModelIO
import Pipeline
import PluginHost

/// What worker processes cost: pairs of compressions of one random model, in one process and isolated.
struct IsolationBenchmark {
  private let arguments: BenchmarkArguments

  init(_ arguments: BenchmarkArguments) { self.arguments = arguments }

  func run() throws -> JSON {
    var rows: [JSON] = []
    for size in arguments.sizes {
      let folder = "\(arguments.directory)/lathe-isolation-\(size)-\(getpid())"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let checkpoint = RandomCheckpoint(
        directory: "\(folder)/model", size: size, blocks: arguments.blocks)
      try checkpoint.write(characters: 65536)
      for pair in 0..<arguments.repetitions {
        Benchmarks.note("pair \(pair + 1) of \(arguments.repetitions), size \(size)")
        // Every second pair in the other order, so that what drifts falls on both.
        let order = pair % 2 == 0 ? [false, true] : [true, false]
        var times: [Bool: Stopwatch.Time] = [:]
        for isIsolated in order {
          times[isIsolated] = try compress(checkpoint, folder, isIsolated: isIsolated)
        }
        guard let here = times[false], let there = times[true] else { continue }
        rows.append([
          "size": .integer(size), "blocks": .integer(arguments.blocks),
          "wall_seconds": .number(here.wall), "wall_seconds_isolated": .number(there.wall),
          "wall_ratio": .number(there.wall / here.wall),
          "processor_seconds": .number(here.processor),
          "processor_seconds_isolated": .number(there.processor),
          "processor_ratio": .number(there.processor / here.processor),
        ])
      }
    }
    return .array(rows)
  }

  private func compress(
    _ checkpoint: RandomCheckpoint, _ folder: String, isIsolated: Bool
  ) throws -> Stopwatch.Time {
    let json: JSON = [
      "lathe": 1, "seed": 1,
      "calibration": ["text": ["model/text.txt"], "samples": 64, "context": 256],
      "stages": [
        ["strategy": "svdllm-v2", "keep": 0.6, "isolate": .bool(isIsolated)],
        ["strategy": "quantize", "bits": 4, "isolate": .bool(isIsolated)],
      ],
    ]
    let worker = URL(filePath: Isolation.ownExecutable).deletingLastPathComponent().appending(path: "lathe")
      .path
    let run = CompressionRun(
      model: checkpoint.directory, recipe: try Recipe(json: json, path: "\(folder)/recipe.json"),
      output: "\(folder)/output", plugins: try PluginSearch(explicit: []), replacesOutput: true,
      workers: arguments.workers, isolation: Isolation(executable: worker))
    let before = Self.processorSeconds()
    let wall = try Stopwatch.time { _ = try run.run() }.time.wall
    return Stopwatch.Time(wall: wall, processor: Self.processorSeconds() - before)
  }

  /// Of this process and the workers that have ended.
  private static func processorSeconds() -> Double {
    [RUSAGE_SELF, RUSAGE_CHILDREN].reduce(0) { sum, who in
      var usage = rusage()
      getrusage(__rusage_who_t(who.rawValue), &usage)
      let times = [usage.ru_utime, usage.ru_stime]
      return sum + times.reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
    }
  }
}
