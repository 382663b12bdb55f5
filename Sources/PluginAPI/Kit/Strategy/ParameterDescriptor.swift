import CLathe

/// One parameter of a strategy: the host parses, checks, fills in and documents it from this.
public struct ParameterDescriptor: Sendable {
  enum Kind: Sendable { case bool, int, float, string, choice, floatList }

  /// `[a-z0-9_]+`, never renamed.
  public let key: String
  /// One line.
  public let summary: String
  /// Shown only on request.
  public var isAdvanced = false
  /// Still read, no longer recommended.
  public var isDeprecated = false

  let kind: Kind
  let defaultValue: String?
  let minimum: Double
  let maximum: Double
  let choices: [String]

  private init(
    _ key: String, _ kind: Kind, _ defaultValue: String?, _ summary: String,
    minimum: Double = -.infinity, maximum: Double = .infinity, choices: [String] = []
  ) {
    self.key = key
    self.kind = kind
    self.defaultValue = defaultValue
    self.summary = summary
    self.minimum = minimum
    self.maximum = maximum
    self.choices = choices
  }

  /// Required when `value` is nil, as everywhere below.
  public static func bool(_ key: String, default value: Bool?, _ summary: String) -> Self {
    Self(key, .bool, value.map { $0 ? "true" : "false" }, summary)
  }

  public static func int(_ key: String, in range: ClosedRange<Int>, default value: Int?, _ summary: String)
    -> Self
  {
    Self(
      key, .int, value.map { "\($0)" }, summary, minimum: Double(range.lowerBound),
      maximum: Double(range.upperBound))
  }

  public static func float(
    _ key: String, in range: ClosedRange<Double>, default value: Double?, _ summary: String
  ) -> Self {
    Self(
      key, .float, value.map { "\($0)" }, summary, minimum: range.lowerBound, maximum: range.upperBound)
  }

  public static func string(_ key: String, default value: String?, _ summary: String) -> Self {
    Self(key, .string, value, summary)
  }

  public static func choice(_ key: String, of choices: [String], default value: String?, _ summary: String)
    -> Self
  {
    Self(key, .choice, value, summary, choices: choices)
  }

  /// The default is written as a user would type it, `[0.1, 0.2]`; each element lies in `range`.
  public static func floats(
    _ key: String, in range: ClosedRange<Double>, default value: [Double]?, _ summary: String
  ) -> Self {
    Self(
      key, .floatList, value.map { "\($0)" }, summary, minimum: range.lowerBound,
      maximum: range.upperBound)
  }

  /// The same parameter, shown only on request.
  public var advanced: Self {
    var copy = self
    copy.isAdvanced = true
    return copy
  }
}
