import CLathe

/// Why a strategy cannot go on: a code that the host acts on and a sentence that a person reads.
public struct StrategyError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What the host does about it. Raw values are those of `lathe.h`.
  public enum Code: Int32, Sendable, Hashable {
    /// The user asked to stop. Not a failure.
    case cancelled = 1
    /// A parameter or request makes no sense.
    case invalid = 2
    /// The right question, but this model or host cannot.
    case unsupported = 3
    case noMemory = 4
    /// Did not converge, not positive definite, not finite.
    case numerical = 5
    /// The other side broke a rule of the header.
    case contract = 6
    case `internal` = 7
  }

  public let code: Code
  /// "What is wrong, where; what to do", lower case, without a final period.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}

extension StrategyError {
  static let cancelled = StrategyError(.cancelled, "cancelled")

  /// A host function that returned something other than `LATHE_OK`.
  static func hostFunctionFailed(_ name: String, _ status: lathe_status) -> StrategyError {
    guard let code = Code(rawValue: status) else {
      return StrategyError(.contract, "\(name) of the host returned the unknown status \(status)")
    }
    return code == .cancelled ? .cancelled : StrategyError(code, "\(name) of the host failed: \(code.phrase)")
  }

  static func missing(extension id: String, host: String) -> StrategyError {
    StrategyError(.unsupported, "\(host) does not offer \(id); use a newer host")
  }

  static func missing(function: String, table: String, size: Int) -> StrategyError {
    StrategyError(
      .unsupported,
      "\(table) of this host has no \(function) (its table is \(size) bytes long); use a newer host")
  }

  static func brokenTensor(_ what: String, from function: String) -> StrategyError {
    StrategyError(.contract, "the tensor given by \(function) of the host \(what)")
  }
}

extension StrategyError.Code {
  fileprivate var phrase: String {
    switch self {
    case .cancelled: "cancelled"
    case .invalid: "the request makes no sense"
    case .unsupported: "not supported for this model"
    case .noMemory: "not enough memory"
    case .numerical: "the numbers do not allow it"
    case .contract: "this plugin broke a rule of the header"
    case .internal: "internal error"
    }
  }
}
