import CLathe

/// The strategy's parameters: checked by the host, defaults filled in.
public struct Parameters: ~Copyable, HostAccess {
  public let call: HostCall

  private func table() throws(StrategyError) -> HostTable<lathe_host_params> {
    try call.table(.parameters, lathe_host_params.self)
  }

  public func int(_ key: String) throws(StrategyError) -> Int {
    var value: Int64 = 0
    let read = try table().function(\.get_int, "get_int")
    try call.check(read(call.host, key, &value), "get_int(\(key))")
    return Int(value)
  }

  public func bool(_ key: String) throws(StrategyError) -> Bool { try int(key) != 0 }

  public func double(_ key: String) throws(StrategyError) -> Double {
    var value = 0.0
    let read = try table().function(\.get_float, "get_float")
    try call.check(read(call.host, key, &value), "get_float(\(key))")
    return value
  }

  /// Of a string or a choice.
  public func text(_ key: String) throws(StrategyError) -> String {
    var value: UnsafePointer<CChar>?
    let read = try table().function(\.get_text, "get_text")
    try call.check(read(call.host, key, &value), "get_text(\(key))")
    guard let value else { throw StrategyError(.contract, "get_text(\(key)) of the host gave no text") }
    return String(cString: value)
  }

  /// A choice as an enumeration whose raw values are the choices.
  public func choice<Choice: RawRepresentable<String>>(
    _ key: String, as type: Choice.Type
  ) throws(StrategyError) -> Choice {
    let value = try text(key)
    guard let choice = Choice(rawValue: value) else {
      throw StrategyError(.invalid, "\(key) cannot be \"\(value)\"")
    }
    return choice
  }

  public func doubles(_ key: String) throws(StrategyError) -> [Double] {
    var values: UnsafePointer<Double>?
    var count: UInt64 = 0
    let read = try table().function(\.get_float_list, "get_float_list")
    try call.check(read(call.host, key, &values, &count), "get_float_list(\(key))")
    return Array(UnsafeBufferPointer(start: values, count: values == nil ? 0 : Int(count)))
  }
}
