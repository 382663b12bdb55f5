/// Why a case did not pass.
public enum CaseFault: Error, Sendable {
  /// A rule of lathe.h was broken: in which call, and how.
  case broken(call: String, what: String)
  /// The case says nothing about this plugin.
  case notApplicable(String)
  /// The plugin ended a call with an error that the case does not ask about.
  case stopped(call: String, status: Int32, message: String)
}

extension CaseFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .broken(let call, let what): call.isEmpty ? what : "\(call): \(what)"
    case .notApplicable(let reason): reason
    case .stopped(let call, let status, let message): "\(call) ended with status \(status): \(message)"
    }
  }
}
