import ModelIO
import Runtime

/// Why a model cannot generate.
public enum GenerationError: Error, Equatable, CustomStringConvertible {
  case run(RuntimeError)
  case noTokens
  /// More tokens than a sequence was made for.
  case tooLong(tokens: Int, longest: Int)
  case promptTooLong(tokens: Int, positions: Int)
  case nonFiniteLogit(position: Int)
  /// The member of a configuration that names the tokens at which a text ends.
  case endTokens(path: String, found: String)
  case cancelled

  public var description: String {
    switch self {
    case .run(let error): error.description
    case .noTokens: "the prompt is empty; give at least one character to continue"
    case .tooLong(let tokens, let longest):
      "a sequence of \(tokens) tokens is longer than the \(longest) it was made for"
    case .promptTooLong(let tokens, let positions):
      "the prompt has \(tokens) tokens, but the model was made for \(positions) positions; shorten the prompt"
    case .nonFiniteLogit(let position):
      "the model gives a logit that is NaN or infinite after position \(position); its numbers overflow or its "
        + "weights are damaged, so no token can be chosen"
    case .endTokens(let path, let found):
      "\(path): \"eos_token_id\" is \(found); it must be a token id, a list of them, or null"
    case .cancelled: "the generation was cancelled"
    }
  }

  static func rethrowing<Result>(
    _ body: () throws(RuntimeError) -> Result
  ) throws(GenerationError) -> Result {
    do { return try body() } catch { throw .run(error) }
  }
}
