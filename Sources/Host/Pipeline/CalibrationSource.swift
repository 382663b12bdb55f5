import Calibration
import Graph
import ModelIO
import PluginHost

/// Calibration windows for a recipe and a model folder.
public enum CalibrationSource {
  /// The recipe with the window that it leaves to the model. Warns of one that is longer than the model was made for.
  static func settle(
    _ recipe: Recipe, for model: Model, log: @Sendable (LogLevel, String) -> Void
  ) -> Recipe {
    let chosen = WindowLength.chosen(for: model.configuration)
    if let context = recipe.calibration?.context,
      let warning = WindowLength.warning(of: context, for: model.configuration)
    {
      log(.warning, "recipe \(recipe.path), calibration.context: \(warning); leave it out for \(chosen)")
    }
    var settled = recipe
    settled.calibration?.context = recipe.calibration?.context ?? chosen
    return settled
  }

  /// Nil when the recipe names no text.
  public static func load(_ recipe: Recipe, checkpoint: Checkpoint) throws(PipelineError) -> CalibrationSet? {
    guard let calibration = recipe.calibration else { return nil }
    guard let path = checkpoint.tokenizerPath else { throw .noTokenizer(directory: checkpoint.directory) }
    let tokenizer: Tokenizer
    do { tokenizer = try Tokenizer(path: path) } catch { throw .tokenizer(error) }
    do {
      return try CalibrationSet(
        paths: calibration.paths, tokenizer: tokenizer, tokenizerPath: path,
        vocabularySize: checkpoint.model.configuration.vocabularySize, samples: calibration.samples,
        context: calibration.context ?? WindowLength.chosen(for: checkpoint.model.configuration),
        seed: recipe.seed,
        heldOut: calibration.heldOut)
    } catch {
      throw .calibration(error)
    }
  }
}
