import CLathe

/// Parameters by key: checked by the host, defaults filled in.
public protocol ParameterReading: ~Copyable {
  func int(_ key: String) throws(StrategyError) -> Int
  func double(_ key: String) throws(StrategyError) -> Double
  /// Of a string or a choice.
  func text(_ key: String) throws(StrategyError) -> String
}

extension ParameterReading where Self: ~Copyable {
  public func bool(_ key: String) throws(StrategyError) -> Bool { try int(key) != 0 }

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
}

/// The strategy's parameters.
public struct Parameters: ~Copyable, HostAccess, ParameterReading {
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

  public func doubles(_ key: String) throws(StrategyError) -> [Double] {
    var values: UnsafePointer<Double>?
    var count: UInt64 = 0
    let read = try table().function(\.get_float_list, "get_float_list")
    try call.check(read(call.host, key, &values, &count), "get_float_list(\(key))")
    return Array(UnsafeBufferPointer(start: values, count: values == nil ? 0 : Int(count)))
  }
}

/// The parameters of one linear: those of the strategy with the recipe's overrides.
public struct NodeParameters: ~Copyable, ParameterReading {
  let call: HostCall
  let node: lathe_node

  private func table() throws(StrategyError) -> HostTable<lathe_host_params> {
    try call.table(.parameters, lathe_host_params.self)
  }

  public func int(_ key: String) throws(StrategyError) -> Int {
    var value: Int64 = 0
    let read = try table().function(\.node_int, "node_int")
    try call.check(read(call.host, node, key, &value), "node_int(\(key))")
    return Int(value)
  }

  public func double(_ key: String) throws(StrategyError) -> Double {
    var value = 0.0
    let read = try table().function(\.node_float, "node_float")
    try call.check(read(call.host, node, key, &value), "node_float(\(key))")
    return value
  }

  public func text(_ key: String) throws(StrategyError) -> String {
    var value: UnsafePointer<CChar>?
    let read = try table().function(\.node_text, "node_text")
    try call.check(read(call.host, node, key, &value), "node_text(\(key))")
    guard let value else { throw StrategyError(.contract, "node_text(\(key)) of the host gave no text") }
    return String(cString: value)
  }
}

extension HostAccess where Self: ~Copyable {
  /// The parameters of `node`; nil where the host is older than overrides, so that they are those of the strategy.
  public func parameters(of node: Node) throws(StrategyError) -> NodeParameters? {
    guard try call.table(.parameters, lathe_host_params.self).field(\.node_int) != nil else { return nil }
    return NodeParameters(call: call, node: node.index)
  }
}
