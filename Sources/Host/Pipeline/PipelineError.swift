import Calibration
import Export
import Graph
import ModelIO
import PluginHost
import Runtime
import Tensors

/// What can go wrong between a recipe and a published folder.
public enum PipelineError: Error, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// The recipe does not parse.
  case syntax(path: String, JSONError)
  /// The recipe parses but says something impossible at `key`.
  case recipe(path: String, key: String, reason: String)
  case stage(index: Int, strategy: String, reason: String)
  case noTokenizer(directory: String)
  case plugin(PluginHostError)
  case model(ModelIOError)
  case calibration(CalibrationError)
  case tokenizer(TokenizerError)
  case storage(TensorError)
  case notFinite(tensor: String, directory: String, count: Int)
  case noSpace(path: String, needed: Int, free: Int)
  /// What was written does not read back as it was meant.
  case readBack(path: String, reason: String)
  case notLathe(path: String)
  /// The journal beside the output belongs to another run; `difference` is the first input that is not the same, and
  /// `model` the folder that the last finished stage left.
  case otherJournal(path: String, difference: String, model: String?)
  /// The journal beside the output does not read.
  case journal(path: String, reason: String)
  /// A file of a finished stage is not as it was written; `record` is the file that says the stage is finished.
  case damagedJournal(record: String, reason: String)
  /// A further output of a recipe cannot be made.
  case export(ExportError)
  /// A further output failed when the main one was complete.
  case furtherOutput(main: String, ExportError)
  case cancelled

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
    case .syntax(let path, let error): "recipe \(path), \(error)"
    case .recipe(let path, let key, let reason): "recipe \(path), \(key): \(reason)"
    case .stage(let index, let strategy, let reason): "stage \(index) (\(strategy)): \(reason)"
    case .noTokenizer(let directory):
      "\(directory) has no tokenizer.json, which calibration text needs; add the model's own"
    case .plugin(let error): error.description
    case .model(.output(let path, .exists)):
      "\(path) exists already; choose another path, or replace it with --force"
    case .model(let error): error.description
    case .calibration(let error): error.description
    case .tokenizer(let error): error.description
    case .storage(let error): error.description
    case .notFinite(let tensor, let directory, let count):
      "\(directory): tensor \(tensor) holds \(count) \(count == 1 ? "value" : "values") that "
        + "\(count == 1 ? "is" : "are") NaN or infinite; fetch the model again"
    case .noSpace(let path, let needed, let free):
      "\(path): its disk has \(free) bytes free, but about \(needed) are needed; free some space or choose "
        + "another place"
    case .readBack(let path, let reason):
      "\(path) did not read back as it was written (\(reason)); nothing was published, check the disk"
    case .notLathe(let path): "\(path) has no lathe.json, so there is nothing to check it against"
    case .otherJournal(let path, let difference, let model):
      "\(path) is the journal of another run: \(difference) is not the same; remove it, or choose another output"
        + (model.map { " (\($0) is a whole model, as the last finished stage left it)" } ?? "")
    case .journal(let path, let reason):
      "the journal \(path) does not read (\(reason)); remove it and start again"
    case .damagedJournal(let record, let reason):
      "the journal is damaged: \(reason); run without --resume, or remove \(record) to have that stage computed again"
    case .export(let error): error.description
    case .furtherOutput(let main, let error):
      "\(main) is complete, but a further output is not: \(error); make it with `lathe export --model \(main)`"
    case .cancelled: "interrupted"
    }
  }

  /// Whether this is the user's interruption and no failure.
  public var isCancellation: Bool {
    switch self {
    case .cancelled, .plugin(.cancelled), .calibration(.cancelled), .model(.cancelled): true
    case .export(let error), .furtherOutput(_, let error): error.isCancellation
    default: false
    }
  }
}
