import CLathe
import ModelIO

/// A declared parameter and the values it may take.
struct ParameterUnderTest: Sendable {
  /// A value as the host hands it over.
  enum Value: Sendable, Equatable {
    case int(Int64)
    case float(Double)
    case text(String)
    case floats([Double])
  }

  let key: String
  let type: Int32
  let isRequired: Bool
  let defaultText: String?
  let minimum: Double
  let maximum: Double
  let choices: [String]

  init(_ table: lathe_param) {
    key = table.key.map { String(cString: $0) } ?? "?"
    type = table.type
    isRequired = table.flags & UInt32(LATHE_PARAM_REQUIRED) != 0
    defaultText = table.default_value.map { String(cString: $0) }
    minimum = table.minimum
    maximum = table.maximum
    choices = (0..<Int(min(table.choice_count, 256))).compactMap { index in
      table.choices.flatMap { $0[index] }.map { String(cString: $0) }
    }
  }

  /// The default; where there is none or it cannot be read, a value in range.
  var initial: Value { (try? defaultValue()) ?? nil ?? inner }

  /// The default, checked; nil where there is none. The error says what is wrong with it.
  func defaultValue() throws(DefaultFault) -> Value? {
    guard let text = defaultText else { return nil }
    return try value(of: text)
  }

  /// What a user means by `text`.
  func value(of text: String) throws(DefaultFault) -> Value {
    switch Int(type) {
    case LATHE_PARAM_BOOL:
      guard text == "true" || text == "false" else { throw DefaultFault(text, "true or false") }
      return .int(text == "true" ? 1 : 0)
    case LATHE_PARAM_INT:
      guard let value = Int64(text), contains(Double(value)) else { throw DefaultFault(text, range) }
      return .int(value)
    case LATHE_PARAM_FLOAT:
      guard let value = Double(text), contains(value) else { throw DefaultFault(text, range) }
      return .float(value)
    case LATHE_PARAM_STRING: return .text(text)
    case LATHE_PARAM_CHOICE:
      guard choices.contains(text) else { throw DefaultFault(text, choices.joined(separator: " or ")) }
      return .text(text)
    case LATHE_PARAM_FLOAT_LIST:
      let list = try? JSON(parsing: text.hasPrefix("[") ? text : "[\(text)]").arrayValue
      let numbers = (list ?? [.null]).map { $0.doubleValue ?? .nan }
      guard numbers.allSatisfy(contains) else { throw DefaultFault(text, range) }
      return .floats(numbers)
    default: throw DefaultFault(text, "a known type, not \(type)")
    }
  }

  /// Why a value, most often the default, breaks its own parameter's rules.
  struct DefaultFault: Error {
    let value: String
    /// What it must be.
    let wanted: String
    var text: String { "its default is \"\(value)\", it must be \(wanted)" }
    init(_ value: String, _ wanted: String) { (self.value, self.wanted) = (value, wanted) }
  }

  private var range: String { "in \(minimum) ... \(maximum)" }
  private func contains(_ value: Double) -> Bool { value >= minimum && value <= maximum }

  private var low: Double { minimum.isFinite ? minimum : (maximum.isFinite ? min(maximum, 0) : 0) }
  private var high: Double { maximum.isFinite ? maximum : max(low, 1) }

  /// A value that is not at the ends where there is one.
  private var inner: Value { at(0.5) }

  /// The ends of the range and every choice.
  var extremes: [Value] {
    switch Int(type) {
    case LATHE_PARAM_BOOL: [.int(0), .int(1)]
    case LATHE_PARAM_INT, LATHE_PARAM_FLOAT, LATHE_PARAM_FLOAT_LIST:
      (minimum.isFinite ? [at(0)] : []) + (maximum.isFinite ? [at(1)] : [])
    case LATHE_PARAM_STRING: [.text(""), .text("a longer text, with ü and 漢字")]
    default: choices.map(Value.text)
    }
  }

  /// The value that lies `share` of the way through the range, 0 ... 1.
  func at(_ share: Double) -> Value {
    let number = low + share * (high - low)
    switch Int(type) {
    case LATHE_PARAM_BOOL: return .int(share < 0.5 ? 0 : 1)
    case LATHE_PARAM_INT:
      let rounded = min(max(number.rounded(), low.rounded(.up)), high.rounded(.down))
      return .int(Int64(exactly: rounded) ?? Int64(exactly: low.rounded(.up)) ?? 0)
    case LATHE_PARAM_FLOAT: return .float(min(max(number, low), high))
    case LATHE_PARAM_STRING: return .text(defaultText ?? "")
    case LATHE_PARAM_CHOICE:
      return .text(choices.isEmpty ? "" : choices[min(choices.count - 1, Int(share * Double(choices.count)))])
    default: return .floats([min(max(number, low), high)])
    }
  }
}
