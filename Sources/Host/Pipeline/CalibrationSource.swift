import Calibration
import ModelIO

/// Calibration windows for a recipe and a model folder.
public enum CalibrationSource {
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
        context: calibration.context, seed: recipe.seed,
        heldOut: calibration.heldOut)
    } catch {
      throw .calibration(error)
    }
  }
}
