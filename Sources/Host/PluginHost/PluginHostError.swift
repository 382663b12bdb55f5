import Graph
import Tensors

/// What can go wrong between the host and a plugin.
public enum PluginHostError: Error, CustomStringConvertible {
  /// The file could not be used as a plugin at all.
  case unusable(path: String, reason: String)
  /// `namesPlugins`: whether the user said where to look.
  case unknownStrategy(id: String, known: [String], suggestion: String?, namesPlugins: Bool)
  case unknownParameter(key: String, strategy: String, suggestion: String?, known: [String])
  case badParameter(key: String, strategy: String, reason: String)
  case missingParameter(key: String, strategy: String, summary: String)
  case missingExtension(strategy: String, path: String, extensionID: String)
  case missingStatistic(strategy: String, path: String, kind: String)
  /// The strategy returned an error and said why.
  case failed(
    stage: Int, strategy: String, path: String, phase: String, status: StrategyStatus, message: String)
  /// The process a strategy was running in is gone.
  case workerLost(stage: Int, strategy: String, path: String, phase: String, reason: String)
  /// A library is not the one that a recipe or the user's list asks for.
  case untrusted(path: String, reason: String)
  /// The user's list of allowed plugins.
  case trustList(path: String, reason: String)
  /// The disk refused what a strategy wanted to keep.
  case storage(TensorError)
  case cancelled

  public var description: String {
    switch self {
    case .unusable(let path, let reason): "\(path) cannot be used as a plugin: \(reason)"
    case .unknownStrategy(let id, let known, let suggestion, let namesPlugins):
      "no strategy \"\(id)\" was found\(Self.didYouMean(suggestion))"
        + (known.isEmpty
          ? "; no plugin was loaded at all, see `lathe plugins list`"
          : " (known: \(known.joined(separator: ", ")))")
        + (namesPlugins
          ? "" : "; give its plugin with --plugin FILE, or the plugin's folder in LATHE_PLUGIN_PATH")
    case .unknownParameter(let key, let strategy, let suggestion, let known):
      "strategy \"\(strategy)\" has no parameter \"\(key)\"\(Self.didYouMean(suggestion))"
        + (known.isEmpty ? "; it has none" : " (known: \(known.joined(separator: ", ")))")
    case .badParameter(let key, let strategy, let reason):
      "parameter \"\(key)\" of strategy \"\(strategy)\" \(reason)"
    case .missingParameter(let key, let strategy, let summary):
      "strategy \"\(strategy)\" needs the parameter \"\(key)\" (\(summary))"
    case .missingExtension(let strategy, let path, let id):
      "strategy \"\(strategy)\" of \(path) needs the host service \(id), which this version of Lathe "
        + "does not offer; update Lathe or use another strategy"
    case .missingStatistic(let strategy, let path, let kind):
      "strategy \"\(strategy)\" of \(path) needs the statistic \(kind), which this version of Lathe "
        + "cannot compute; update Lathe or use another strategy"
    case .failed(let stage, let strategy, let path, let phase, let status, let message):
      "stage \(stage), strategy \"\(strategy)\" of \(path), failed in \(phase) (\(status)): \(message)"
    case .workerLost(let stage, let strategy, let path, let phase, let reason):
      "stage \(stage), strategy \"\(strategy)\" of \(path), in \(phase): \(reason)"
    case .trustList(let path, let reason): "the list of trusted plugins \(path): \(reason)"
    case .untrusted(let path, let reason): "\(path) is not loaded: \(reason)"
    case .storage(let error): "\(error); free some space or choose another place for the output"
    case .cancelled: "interrupted"
    }
  }

  /// The reason alone, for whoever names the library already.
  var reason: String {
    switch self {
    case .unusable(_, let reason), .untrusted(_, let reason): reason
    default: description
    }
  }

  private static func didYouMean(_ suggestion: String?) -> String {
    suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
  }
}

/// The failure codes of the ABI, in words.
public enum StrategyStatus: Int32, Sendable, CustomStringConvertible {
  case ok = 0
  case cancelled = 1
  case invalid = 2
  case unsupported = 3
  case noMemory = 4
  case numerical = 5
  case contract = 6
  case `internal` = 7

  public var description: String {
    switch self {
    case .ok: "no error"
    case .cancelled: "interrupted"
    case .invalid: "invalid request"
    case .unsupported: "not supported"
    case .noMemory: "out of memory"
    case .numerical: "numerical failure"
    case .contract: "broken contract"
    case .internal: "internal error"
    }
  }
}
