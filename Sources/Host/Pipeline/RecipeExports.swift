import Export
import Graph
import LinearAlgebra
import ModelIO
import PluginHost

/// The further outputs of a recipe: checked before the run with the forms it will end in, written after it.
struct RecipeExports {
  let runs: [ExportRun]
  private let main: String

  /// Refuses two outputs in one place.
  init(_ recipe: Recipe, main: String, replaces: Bool) throws(PipelineError) {
    self.main = main
    var runs: [ExportRun] = []
    for (index, output) in recipe.outputs.enumerated() {
      let run = try output.run(beside: main, replaces: replaces)
      guard run.output != main, !runs.contains(where: { $0.output == run.output }) else {
        throw .recipe(path: recipe.path, key: "outputs.\(index)", reason: "\(run.output) is written already")
      }
      runs.append(run)
    }
    self.runs = runs
  }

  /// Checks formats and places for these forms. Returns the warnings.
  func check(_ checkpoint: Checkpoint, forms: [LinearForm]) throws(PipelineError) -> [String] {
    var warnings: [String] = []
    for run in runs {
      do throws(ExportError) {
        warnings += try run.check(checkpoint, forms: forms).map { "\(run.output): \($0)" }
      } catch { throw .export(error) }
    }
    return warnings
  }

  /// Checks formats alone.
  func checkFormats(_ checkpoint: Checkpoint, forms: [LinearForm]) throws(PipelineError) -> [String] {
    var warnings: [String] = []
    for run in runs {
      do throws(ExportError) {
        warnings += try run.checkFormat(checkpoint, forms: forms).map { "\(run.output): \($0)" }
      } catch { throw .export(error) }
    }
    return warnings
  }

  /// Writes all of them. The main output is complete by then, which an error says.
  func write(
    _ model: Model, from checkpoint: Checkpoint, workers: Workers,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws(PipelineError) -> [ExportReport] {
    var reports: [ExportReport] = []
    for run in runs {
      do throws(ExportError) {
        reports.append(
          try run.write(model, from: checkpoint, workers: workers, isCancelled: isCancelled))
      } catch { throw .furtherOutput(main: main, error) }
    }
    return reports
  }
}
