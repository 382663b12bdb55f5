import Calibration
import Foundation
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Tensors

/// A compression that is not run: every check, and what it would write.
public struct CompressionPlan: Sendable {
  public let model: ModelSnapshot
  public let forecast: ChainForecast
  /// The exact files; nil when a strategy cannot tell.
  public let files: CheckpointForecast?
  public let calibration: CalibrationSet?

  /// - Parameter measures: also runs the first stage up to the point where it knows its ranks or bits, which takes
  ///   the time of its pass over the calibration text, so that its forecast is exact.
  public init(
    model path: String, recipe: Recipe, plugins: PluginSearch, measures: Bool, workers: Workers,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    log: @escaping @Sendable (LogLevel, String) -> Void = { _, _ in },
    progress: ProgressSink = ProgressSink(),
    isolation: Isolation? = nil
  ) throws(PipelineError) {
    self = try PipelineError.wrapping {
      let checkpoint = try Checkpoint(directory: path)
      let recipe = CalibrationSource.settle(recipe, for: checkpoint.model, log: log)
      let scratch = measures ? try ScratchFile(directory: FileManager.default.temporaryDirectory.path) : nil
      let runtime = ChainRuntime(
        workers: workers, scratch: scratch, isCancelled: isCancelled, log: log, isolation: isolation)
      let snapshot = ModelSnapshot(checkpoint.model)
      let chain = try Chain(recipe, model: snapshot, plugins: plugins, runtime: runtime)
      let set = try CalibrationSource.load(recipe, checkpoint: checkpoint)
      var measured: Set<Int> = []
      if let scratch, let first = chain.stages.first {
        let settings = CalibrationSettings(
          seed: recipe.seed, workers: workers, scratch: scratch, isCancelled: isCancelled)
        try StageRunner(
          chain: chain, stage: first, set: set, settings: settings, progress: progress,
          original: checkpoint.model
        )
        .prepare(checkpoint.model)
        measured = [first.index]
      }
      let forecast = try chain.forecast(snapshot, measured: measured)
      // Places cannot be checked: a plan names no output.
      let formats = try RecipeExports(recipe, main: "", replaces: true)
      if let forms = forecast.model?.forms {
        for warning in try formats.checkFormats(checkpoint, forms: forms) { log(.warning, warning) }
      }
      return CompressionPlan(
        model: snapshot, forecast: forecast,
        files: try forecast.model.map { try CheckpointWriter(source: checkpoint).forecast($0.forms) },
        calibration: set)
    }
  }

  private init(
    model: ModelSnapshot, forecast: ChainForecast, files: CheckpointForecast?, calibration: CalibrationSet?
  ) {
    self.model = model
    self.forecast = forecast
    self.files = files
    self.calibration = calibration
  }
}
