import Calibration
import ModelIO
import PluginHost
import Tensors

extension PipelineError {
  /// An error of a plugin, with the place in the recipe where the recipe is at fault.
  static func plugin(_ error: PluginHostError, at key: String, of path: String) -> PipelineError {
    switch error {
    case .unknownStrategy, .unknownParameter, .badParameter, .missingParameter:
      .recipe(path: path, key: key, reason: error.description)
    default: .plugin(error)
    }
  }

  /// Runs `body` and makes whatever it throws an error of this module; `stage` names the place of what is left.
  static func wrapping<Result>(
    _ stage: Chain.Stage? = nil, _ body: () throws -> Result
  ) throws(PipelineError) -> Result {
    do { return try body() } catch let error as PipelineError {
      throw error
    } catch let error as ModelIOError {
      throw .model(error)
    } catch let error as CalibrationError {
      throw .calibration(error)
    } catch let error as PluginHostError {
      throw .plugin(error)
    } catch let error as TokenizerError {
      throw .tokenizer(error)
    } catch let error as TensorError {
      throw .storage(error)
    } catch {
      throw .stage(index: stage?.index ?? 0, strategy: stage?.info.id ?? "chain", reason: "\(error)")
    }
  }
}
