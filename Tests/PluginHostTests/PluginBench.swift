import Calibration
import Foundation
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Synchronization
import Tensors
import TestSupport

/// A tiny model for one strategy to work on, as a stage of a chain would call it.
struct PluginBench {
  let folder = TestFolder()
  let model: Model
  var environment: StageEnvironment

  /// All layers of the blocks are selected, but those whose index is in `unselected`.
  init(
    unselected: Set<Int> = [], elementType: ElementType = .f32,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws {
    model = try RandomModel.model(RandomModel.configuration(), elementType: elementType)
    environment = StageEnvironment(
      seed: 5, stage: 0, workers: .serial,
      selected: Set(model.nodes.filter { $0.block != nil }.map(\.index)).subtracting(unselected),
      scratch: try ScratchFile(directory: folder.path), isCancelled: isCancelled)
  }

  var snapshot: ModelSnapshot { ModelSnapshot(model) }

  /// Compiles a file of Tests/BadPlugins and loads it.
  func library(_ name: String) throws -> PluginLibrary {
    try PluginLibrary(path: CCompiler.plugin(name, into: folder))
  }

  /// The first strategy of a library, created.
  func instance(
    _ library: PluginLibrary, _ parameters: JSONObject = [:], isolation: Isolation? = nil
  ) throws -> StrategyInstance {
    try StrategyInstance(
      library, index: 0, parameters: ParameterValues(parameters, for: library.strategies[0]),
      environment: environment, snapshot: snapshot, isolation: isolation)
  }

  /// Creates, plans and compresses the first block, and returns what was replaced.
  func compress(_ name: String, block: Int = 0) throws -> [Int: Linear] {
    let instance = try instance(library(name))
    _ = try instance.plan(environment, snapshot)
    return try instance.compress(block: block, environment, snapshot, nil).linears
  }
}

/// The text of the error that `body` throws, and nil where it throws none.
func complaint<Value>(_ body: () throws -> Value) -> String? {
  do {
    _ = try body()
    return nil
  } catch {
    return "\(error)"
  }
}
