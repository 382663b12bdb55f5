import ModelIO

/// A strategy's parameters after checks: every declared key has a value.
public struct ParameterValues: Sendable, Codable {
  /// A value in the type its parameter declares.
  public enum Value: Sendable, Equatable, Codable {
    case int(Int64)
    case float(Double)
    case text(String)
    case floats([Double])
  }

  public private(set) var values: [String: Value] = [:]

  /// Checks `given` against what `strategy` declares and fills in defaults.
  public init(_ given: JSONObject, for strategy: StrategyInfo) throws(PluginHostError) {
    let known = strategy.parameters.map(\.key)
    for key in given.keys where !known.contains(key) {
      // The host's own keys may be misspelt just as well.
      let suggestion = Spelling.nearest(to: key, in: known + ParameterInfo.reservedKeys.sorted())
      throw .unknownParameter(key: key, strategy: strategy.id, suggestion: suggestion, known: known)
    }
    for parameter in strategy.parameters {
      if let value = given[parameter.key] {
        values[parameter.key] = try Self.read(value, parameter, strategy.id)
      } else if let text = parameter.defaultText {
        values[parameter.key] = try Self.read(Self.json(of: text, parameter), parameter, strategy.id)
      } else {
        throw .missingParameter(key: parameter.key, strategy: strategy.id, summary: parameter.summary)
      }
    }
  }

  /// The values as they would be written in a recipe, in declared order.
  public func json(for strategy: StrategyInfo) -> JSONObject {
    var object = JSONObject()
    for parameter in strategy.parameters {
      switch (values[parameter.key], parameter.kind) {
      case (.int(let value)?, .bool): object[parameter.key] = .bool(value != 0)
      case (.int(let value)?, _): object[parameter.key] = .integer(Int(value))
      case (.float(let value)?, _): object[parameter.key] = .number(value)
      case (.text(let value)?, _): object[parameter.key] = .string(value)
      case (.floats(let value)?, _): object[parameter.key] = .array(value.map(JSON.number))
      case (nil, _): break
      }
    }
    return object
  }

  /// Why the default of `parameter` breaks the parameter's own rules; nil where it does not.
  static func problem(ofDefault parameter: ParameterInfo, strategy: String) -> String? {
    guard let text = parameter.defaultText else { return nil }
    do {
      _ = try read(json(of: text, parameter), parameter, strategy)
      return nil
    } catch { return error.description }
  }

  /// A default, which is text in the descriptor, as the JSON it stands for.
  static func json(of text: String, _ parameter: ParameterInfo) -> JSON {
    switch parameter.kind {
    case .string, .choice: .string(text)
    case .floatList where !text.hasPrefix("["): (try? JSON(parsing: "[\(text)]")) ?? .string(text)
    default: (try? JSON(parsing: text)) ?? .string(text)
    }
  }

  static func read(
    _ value: JSON, _ parameter: ParameterInfo, _ strategy: String
  ) throws(PluginHostError) -> Value {
    func fault(_ reason: String) -> PluginHostError {
      .badParameter(key: parameter.key, strategy: strategy, reason: reason)
    }
    /// A value that is not what it must be, as it was written.
    func mismatch(_ wanted: String) -> PluginHostError {
      let text = value.text(indent: nil)
      return fault("is \(text.count > 60 ? text.prefix(60) + "..." : text); it must be \(wanted)")
    }
    func inRange(_ number: Double) throws(PluginHostError) -> Double {
      guard number >= parameter.minimum, number <= parameter.maximum else {
        throw mismatch(parameter.range)
      }
      return number
    }
    switch parameter.kind {
    case .bool:
      guard let flag = value.boolValue else { throw mismatch("true or false") }
      return .int(flag ? 1 : 0)
    case .int:
      guard let number = value.intValue else { throw mismatch(parameter.range) }
      _ = try inRange(Double(number))
      return .int(Int64(number))
    case .float:
      guard let number = value.doubleValue else { throw mismatch(parameter.range) }
      return .float(try inRange(number))
    case .string:
      guard let text = value.stringValue, !text.utf8.contains(0) else { throw mismatch("text") }
      return .text(text)
    case .choice:
      guard let text = value.stringValue, parameter.choices.contains(text) else {
        let suggestion = value.stringValue.flatMap { Spelling.nearest(to: $0, in: parameter.choices) }
        let hint = suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
        throw mismatch("one of \(parameter.range)\(hint)")
      }
      return .text(text)
    case .floatList:
      guard let list = value.arrayValue else { throw mismatch(parameter.range) }
      var numbers: [Double] = []
      for item in list {
        guard let number = item.doubleValue else { throw mismatch(parameter.range) }
        numbers.append(try inRange(number))
      }
      return .floats(numbers)
    }
  }
}
