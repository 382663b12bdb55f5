/// Why a tokenizer cannot be read.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
  case cannotRead(path: String, reason: String)
  case notJSON(path: String, error: JSONError)
  /// A component whose type is none of those known; `role` is "model", "normalizer", ...
  case unknownComponent(path: String, role: String, type: String)
  /// A known component with a setting that is not supported.
  case unsupported(path: String, setting: String)
  /// A member that is missing or of the wrong kind.
  case malformed(path: String, member: String, expected: String)
  case badPattern(path: String, pattern: String, reason: String)
  case unknownToken(path: String, token: String, user: String)

  public var description: String {
    switch self {
    case .cannotRead(let path, let reason): "cannot read the tokenizer \(path): \(reason)"
    case .notJSON(let path, let error): "the tokenizer \(path) is no JSON: \(error)"
    case .unknownComponent(let path, let role, let type):
      "the \(role) type `\(type)` is not supported, in \(path); use a tokenizer.json with another \(role)"
    case .unsupported(let path, let setting): "\(setting) is not supported, in \(path)"
    case .malformed(let path, let member, let expected): "`\(member)` should be \(expected), in \(path)"
    case .badPattern(let path, let pattern, let reason): "the pattern `\(pattern)` \(reason), in \(path)"
    case .unknownToken(let path, let token, let user):
      "\(user) names the token `\(token)`, which the vocabulary lacks, in \(path)"
    }
  }
}
