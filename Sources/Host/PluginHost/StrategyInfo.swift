import CLathe

/// What a strategy says of itself, copied out of its descriptor.
public struct StrategyInfo: Sendable, Codable {
  public let id: String
  public let name: String
  public let version: String
  public let summary: String
  public let reference: String
  public let isBlockParallel: Bool
  public let takesBudget: Bool
  /// Whether it reads parameters by node.
  public let takesOverrides: Bool
  public let requiredExtensions: [String]
  public let optionalExtensions: [String]
  /// Raw values of the statistics it may request, known to this host or not.
  public let declaredStatistics: [Int32]
  public let parameters: [ParameterInfo]
}

/// One declared parameter.
public struct ParameterInfo: Sendable, Codable {
  /// Raw values are those of `lathe.h`.
  public enum Kind: Int32, Sendable, Codable {
    case bool = 0
    case int = 1
    case float = 2
    case string = 3
    case choice = 4
    case floatList = 5

    public var word: String {
      switch self {
      case .bool: "true or false"
      case .int: "an integer"
      case .float: "a number"
      case .string: "text"
      case .choice: "a choice"
      case .floatList: "a list of numbers"
      }
    }
  }

  public let key: String
  public let summary: String
  public let kind: Kind
  public let isRequired: Bool
  public let isAdvanced: Bool
  public let isDeprecated: Bool
  /// As a user would type it; nil when required.
  public let defaultText: String?
  public let minimum: Double
  public let maximum: Double
  public let choices: [String]

  /// The allowed values in words.
  public var range: String {
    switch kind {
    case .choice: return choices.joined(separator: " | ")
    case .int, .float, .floatList:
      let low = minimum.isFinite ? Self.text(minimum, kind) : nil
      let high = maximum.isFinite ? Self.text(maximum, kind) : nil
      switch (low, high) {
      case (nil, nil): return kind.word
      case (let low?, nil): return "\(kind.word), at least \(low)"
      case (nil, let high?): return "\(kind.word), at most \(high)"
      case (let low?, let high?): return "\(kind.word), \(low) to \(high)"
      }
    default: return kind.word
    }
  }

  private static func text(_ value: Double, _ kind: Kind) -> String {
    kind == .int && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}

extension StrategyInfo {
  /// Copies a descriptor. Throws a reason where it breaks the header's rules.
  init(_ strategy: lathe_strategy) throws(DescriptorFault) {
    id = try Self.text(strategy.id, "id")
    guard !id.isEmpty, id.utf8.allSatisfy({ Self.idBytes.contains($0) }) else {
      throw DescriptorFault(reason: "the id \"\(id)\" may only hold a-z, 0-9, dot and hyphen")
    }
    name = try Self.text(strategy.name, "name of \(id)")
    version = try Self.text(strategy.version, "version of \(id)")
    summary = try Self.text(strategy.summary, "summary of \(id)")
    reference = try Self.text(strategy.reference, "reference of \(id)")
    isBlockParallel = strategy.flags & UInt32(LATHE_STRATEGY_BLOCK_PARALLEL) != 0
    takesBudget = strategy.flags & UInt32(LATHE_STRATEGY_TAKES_BUDGET) != 0
    takesOverrides = strategy.flags & UInt32(LATHE_STRATEGY_TAKES_OVERRIDES) != 0
    requiredExtensions = Self.list(strategy.required_extensions)
    optionalExtensions = Self.list(strategy.optional_extensions)
    declaredStatistics = (1..<64).filter { strategy.declared_stats & (1 << UInt64($0)) != 0 }
    guard strategy.param_count <= 256, strategy.param_count == 0 || strategy.params != nil else {
      throw DescriptorFault(
        reason: "strategy \(id) declares \(strategy.param_count) parameters without a table")
    }
    var parameters: [ParameterInfo] = []
    for i in 0..<Int(strategy.param_count) {
      guard let pointer = strategy.params[i], pointer.pointee.struct_size >= MemoryLayout<lathe_param>.size
      else {
        throw DescriptorFault(reason: "parameter \(i) of strategy \(id) is missing or too small")
      }
      parameters.append(try ParameterInfo(pointer.pointee, strategy: id))
    }
    var keys: Set<String> = []
    for parameter in parameters where !keys.insert(parameter.key).inserted {
      throw DescriptorFault(reason: "strategy \(id) declares the parameter \(parameter.key) twice")
    }
    self.parameters = parameters
  }

  private static let idBytes = Set("abcdefghijklmnopqrstuvwxyz0123456789.-".utf8)

  static func text(_ pointer: UnsafePointer<CChar>?, _ what: String) throws(DescriptorFault) -> String {
    guard let pointer else { throw DescriptorFault(reason: "the \(what) is NULL") }
    guard let text = String(validatingCString: pointer) else {
      throw DescriptorFault(reason: "the \(what) is not valid UTF-8")
    }
    return text
  }

  static func list(_ pointer: UnsafePointer<UnsafePointer<CChar>?>?) -> [String] {
    guard let pointer else { return [] }
    var result: [String] = []
    while result.count < 64, let item = pointer[result.count] { result.append(String(cString: item)) }
    return result
  }
}

extension ParameterInfo {
  init(_ parameter: lathe_param, strategy: String) throws(DescriptorFault) {
    key = try StrategyInfo.text(parameter.key, "key of a parameter of \(strategy)")
    summary = try StrategyInfo.text(parameter.summary, "summary of parameter \(key) of \(strategy)")
    guard !key.isEmpty, key.utf8.allSatisfy({ Self.keyBytes.contains($0) }) else {
      throw DescriptorFault(
        reason: "the key \"\(key)\" of a parameter of \(strategy) may only hold a-z, 0-9 and _")
    }
    guard let kind = Kind(rawValue: parameter.type) else {
      throw DescriptorFault(reason: "parameter \(key) of \(strategy) has the unknown type \(parameter.type)")
    }
    guard !ParameterInfo.reservedKeys.contains(key) else {
      throw DescriptorFault(reason: "parameter \(key) of \(strategy) uses a key that belongs to the host")
    }
    self.kind = kind
    isRequired = parameter.flags & UInt32(LATHE_PARAM_REQUIRED) != 0
    isAdvanced = parameter.flags & UInt32(LATHE_PARAM_ADVANCED) != 0
    isDeprecated = parameter.flags & UInt32(LATHE_PARAM_DEPRECATED) != 0
    defaultText = parameter.default_value.map { String(cString: $0) }
    guard isRequired || defaultText != nil else {
      throw DescriptorFault(
        reason: "parameter \(key) of \(strategy) has neither a default nor is it required")
    }
    minimum = parameter.minimum
    maximum = parameter.maximum
    guard parameter.choice_count <= 256, parameter.choice_count == 0 || parameter.choices != nil else {
      throw DescriptorFault(reason: "parameter \(key) of \(strategy) has choices without a table")
    }
    choices = (0..<Int(parameter.choice_count)).compactMap {
      parameter.choices[$0].map { String(cString: $0) }
    }
    if let problem = ParameterValues.problem(ofDefault: self, strategy: strategy) {
      throw DescriptorFault(reason: "the default of a parameter is not valid: \(problem)")
    }
  }

  private static let keyBytes = Set("abcdefghijklmnopqrstuvwxyz0123456789_".utf8)

  /// Keys of a recipe's stage that belong to the host.
  public static let reservedKeys: Set<String> = [
    "strategy", "keep", "include", "exclude", "overrides", "seed", "isolate", "plugin_sha256",
  ]
}

/// A rule of the header that a descriptor breaks.
struct DescriptorFault: Error {
  let reason: String
}
