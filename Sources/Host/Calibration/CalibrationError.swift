import Graph
import LinearAlgebra
import ModelIO
import Runtime
import Tensors

/// What can go wrong while a model reads calibration text.
public enum CalibrationError: Error, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case notUTF8(path: String)
  case badLine(path: String, line: Int, reason: String)
  case empty(paths: [String])
  case tooShort(windows: Int, wanted: Int, context: Int, tokens: Int)
  case tokenOutsideVocabulary(token: Int, vocabulary: Int, tokenizer: String)
  case runtime(RuntimeError)
  case linearAlgebra(LinearAlgebraError)
  case storage(TensorError)
  case cancelled

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "calibration text \(path) cannot be read: \(reason)"
    case .notUTF8(let path): "calibration text \(path) is not valid UTF-8; convert it first"
    case .badLine(let path, let line, let reason):
      "calibration text \(path), line \(line): \(reason); each line of a .jsonl file must be an object with a "
        + "\"text\" string"
    case .empty(let paths):
      "calibration text \(paths.joined(separator: ", ")) is empty; give a file with text"
    case .tooShort(let windows, let wanted, let context, let tokens):
      "the calibration text has \(tokens) tokens, that is \(windows) windows of \(context), but the recipe asks "
        + "for \(wanted); add text or lower calibration.samples or calibration.context"
    case .tokenOutsideVocabulary(let token, let vocabulary, let tokenizer):
      "\(tokenizer) gives token \(token), but the model's vocabulary has \(vocabulary) entries; use the "
        + "tokenizer that belongs to the model"
    case .runtime(let error): error.description
    case .linearAlgebra(let error): error.description
    case .storage(let error): error.description
    case .cancelled: "interrupted"
    }
  }
}
