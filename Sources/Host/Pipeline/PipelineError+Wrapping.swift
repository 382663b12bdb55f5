import Calibration
import ModelIO
import PluginHost
import Tensors

extension PipelineError {
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
