/// An object of `config.json` whose members are read by key and checked for kind and range.
///
/// A null counts as absent, as it does for `transformers`.
struct ConfigurationObject {
  let members: JSONObject
  /// What the keys of this object are preceded by in messages, `rope_scaling.` for instance.
  let prefix: String

  /// The largest extent that is taken seriously; products of two and an element size stay far from overflow.
  static let largestExtent = 1 << 28

  init(_ members: JSONObject, prefix: String = "") {
    self.members = members
    self.prefix = prefix
  }

  func name(_ key: String) -> String { prefix + key }

  func value(_ key: String) -> JSON? {
    guard let value = members[key], !value.isNull else { return Optional.none }
    return value
  }

  /// An integer from 1 to `limit`.
  func extent(
    _ key: String, default absent: Int?, limit: Int = largestExtent
  ) throws(ConfigurationFault) -> Int {
    guard let value = value(key) else {
      guard let absent else { throw .missing(key: name(key)) }
      return absent
    }
    return try integer(value, key, 1...limit)
  }

  /// An integer in `range`, or nil when absent.
  func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationFault) -> Int? {
    guard let value = value(key) else { return nil }
    return try integer(value, key, range)
  }

  private func integer(
    _ value: JSON, _ key: String, _ range: ClosedRange<Int>
  ) throws(ConfigurationFault) -> Int {
    guard let number = value.intValue, range.contains(number) else {
      throw senseless(key, "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func boolean(_ key: String, default absent: Bool) throws(ConfigurationFault) -> Bool {
    guard let value = value(key) else { return absent }
    guard let flag = value.boolValue else { throw senseless(key, "true or false") }
    return flag
  }

  func string(_ key: String) throws(ConfigurationFault) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.stringValue else { throw senseless(key, "a string") }
    return text
  }

  func object(_ key: String) throws(ConfigurationFault) -> ConfigurationObject? {
    guard let value = value(key) else { return nil }
    guard let members = value.objectValue else { throw senseless(key, "an object") }
    return ConfigurationObject(members, prefix: name(key) + ".")
  }

  /// A number that `accepts` takes; `expected` says which those are.
  func number(
    _ key: String, _ expected: String, _ accepts: (Double) -> Bool
  ) throws(ConfigurationFault) -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.doubleValue, accepts(number) else { throw senseless(key, expected) }
    return number
  }

  func senseless(_ key: String, _ expected: String) -> ConfigurationFault {
    let text = members[key]?.text(indent: nil) ?? "absent"
    let found = text.utf8.count > 60 ? members[key]?.kind ?? "absent" : text
    return .senseless(key: name(key), found: found, expected: expected)
  }
}
