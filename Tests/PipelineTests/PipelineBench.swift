import Calibration
import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost
import Synchronization
import Tensors
import TestSupport

/// A folder with a tiny model, a text and recipes, and the run of a compression in it.
struct PipelineBench {
  let folder = TestFolder()
  let model: String

  init(
    _ family: SyntheticFolder.Family = .llama, isTied: Bool = false,
    change: (inout [String: Tensor]) throws -> Void = { _ in }
  ) throws {
    model = try SyntheticFolder.write(into: folder, family: family, isTied: isTied, change: change)
    try folder.write(SyntheticFolder.text(), to: "text.txt")
  }

  /// A recipe with calibration text, from the text of its stages.
  func recipe(_ stages: String, calibration: String? = "{ text: ['text.txt'], samples: 6, context: 12 }")
    throws -> Recipe
  {
    let section = calibration.map { "calibration: \($0)," } ?? ""
    let path = try folder.write("{ lathe: 1, seed: 3, \(section) stages: [\(stages)] }", to: "recipe.json5")
    return try Recipe(path: path)
  }

  func run(
    _ recipe: Recipe, model: String? = nil, as output: String = "out",
    plugins: [String] = BuildFolder.plugins,
    threads: Int = 1, replacing: Bool = false, resuming: Bool = false,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    log: @escaping @Sendable (LogLevel, String) -> Void = { _, _ in }
  ) throws -> CompressionReport {
    var run = try CompressionRun(
      model: model ?? self.model, recipe: recipe, output: folder.file(output),
      plugins: PluginSearch(explicit: plugins), replacesOutput: replacing, workers: Workers(threads: threads),
      isCancelled: isCancelled, log: log)
    run.resumes = resuming
    return try run.run()
  }

  func chain(_ recipe: Recipe) throws -> (Chain, ModelSnapshot, Checkpoint) {
    let checkpoint = try Checkpoint(directory: model)
    let snapshot = ModelSnapshot(checkpoint.model)
    let chain = try Chain(
      recipe, model: snapshot, plugins: PluginSearch(explicit: BuildFolder.plugins),
      runtime: ChainRuntime(workers: .serial))
    return (chain, snapshot, checkpoint)
  }

  /// What the folder holds besides what it started with.
  var leftovers: [String] { folder.names().filter { !["model", "text.txt", "recipe.json5"].contains($0) } }
}

/// The text of the error that `body` throws, and nil where it throws none.
func complaint<Value>(_ body: () throws -> Value) -> String? {
  do {
    _ = try body()
    return nil
  } catch { return "\(error)" }
}

/// Says yes from the `limit`-th question on.
final class Countdown: Sendable {
  private let left: Mutex<Int>
  init(_ limit: Int) { left = Mutex(limit) }
  var isOver: Bool {
    left.withLock { left in
      left -= 1
      return left < 0
    }
  }
  var asked: Int { left.withLock { -$0 } }
}
