import Runtime

/// Why a model cannot be evaluated.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
  case run(RuntimeError)
  case nonFiniteLogit(model: Int, sequence: Int, position: Int)
  case context(Int)
  case tooShort(tokens: Int, context: Int)
  case ragged(sequence: Int, expected: Int, found: Int)
  case vocabularies([Int])
  case tooLarge(shape: [Int])
  case cancelled

  public var description: String {
    switch self {
    case .run(let error): error.description
    case .nonFiniteLogit(let model, let sequence, let position):
      "\(model == 0 ? "the model" : "the reference model") gives a logit that is NaN or infinite in window "
        + "\(sequence) at position \(position); its numbers overflow, so no score can be given"
    case .context(let context):
      "a context of \(context) tokens predicts nothing; use 2 or more"
    case .tooShort(let tokens, let context):
      "the text has \(tokens) tokens, less than one window of \(context); use a longer text or a shorter context"
    case .ragged(let sequence, let expected, let found):
      "sequence \(sequence) has \(found) tokens, but the first has \(expected); give all the same length"
    case .vocabularies(let sizes):
      "the models have vocabularies of \(sizes.map(String.init).joined(separator: " and ")) tokens; "
        + "compare models with one vocabulary"
    case .tooLarge(let shape): "logits of shape \(shape) do not fit into memory; give fewer sequences"
    case .cancelled: "the evaluation was cancelled"
    }
  }
}
