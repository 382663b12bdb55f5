import Calibration
import Graph
import ModelIO
import PluginHost

/// Calibration windows for a recipe and a model folder.
public enum CalibrationSource {
  /// The recipe with the window that it leaves to the model. Warns of one that is longer than the model was made for:
  /// its later positions would measure what the model is never used for.
  static func settle(
    _ recipe: Recipe, for model: Model, log: @Sendable (LogLevel, String) -> Void
  ) -> Recipe {
    let longest = model.configuration.maximumPositions
    if let context = recipe.calibration?.context, context > longest {
      log(
        .warning,
        "recipe \(recipe.path), calibration.context: \(context) tokens are more than the \(longest) positions that the "
          + "model was made for; leave it out for \(min(defaultContext, longest))")
    }
    var settled = recipe
    settled.calibration?.context = recipe.calibration?.context ?? min(defaultContext, max(longest, 2))
    return settled
  }

  private static let defaultContext = 512

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
        context: calibration.context ?? defaultContext, seed: recipe.seed,
        heldOut: calibration.heldOut)
    } catch {
      throw .calibration(error)
    }
  }
}
