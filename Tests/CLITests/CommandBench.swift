import Foundation
import ModelIO
import Tensors
import TestSupport

/// A folder with a tiny model, a text and a recipe, and the command `lathe` run in it.
struct CommandBench {
  let folder = TestFolder()

  init(
    recipe: String =
      "{ strategy: 'svdllm-v2', keep: 0.6 }, { strategy: 'quantize', bits: 4, group_size: 16 }",
    family: SyntheticFolder.Family = .llama,
    change: (inout [String: Tensor]) throws -> Void = { _ in }
  ) throws {
    try SyntheticFolder.write(into: folder, family: family, change: change)
    try folder.write(SyntheticFolder.text(), to: "text.txt")
    try folder.write(
      "{ lathe: 1, calibration: { text: 'text.txt', samples: 4, context: 12 }, stages: [\(recipe)] }",
      to: "r.json5")
  }

  /// Runs `lathe` with the folder as the working directory.
  func lathe(
    _ arguments: [String], environment: [String: String] = [:], whileRunning: (Process) -> Void = { _ in }
  ) throws -> ChildProcess {
    try ChildProcess.run(
      BuildFolder.lathe, arguments, environment: Self.ownPlugins.merging(environment) { $1 },
      folder: folder.path,
      whileRunning: whileRunning)
  }

  func lathe(_ line: String, environment: [String: String] = [:]) throws -> ChildProcess {
    try lathe(line.split(separator: " ").map(String.init), environment: environment)
  }

  /// `lathe compress` of the bench's model by its recipe into `out`.
  func compress(_ more: String = "") throws -> ChildProcess {
    try lathe("compress --model model --recipe r.json5 --output out \(more)")
  }

  /// The plugins of this build and no others.
  private static let ownPlugins = ["LATHE_PLUGIN_PATH": BuildFolder.path]

  /// What the folder holds besides what it started with, hidden names too.
  var leftovers: [String] { folder.names().filter { !["model", "text.txt", "r.json5"].contains($0) } }
}
