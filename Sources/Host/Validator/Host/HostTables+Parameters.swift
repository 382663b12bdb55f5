import CLathe

extension HostTables {
  static func makeParameters() -> lathe_host_params {
    var table = lathe_host_params()
    table.get_int = { handle, key, out in
      serve(handle, "get_int") { (call) throws(Refusal) in
        if case .int(let value) = try call.parameter(key, "get_int", "an integer or bool") {
          out?.pointee = value
        }
      }
    }
    table.get_float = { handle, key, out in
      serve(handle, "get_float") { (call) throws(Refusal) in
        if case .float(let value) = try call.parameter(key, "get_float", "a number") { out?.pointee = value }
      }
    }
    table.get_text = { handle, key, out in
      serve(handle, "get_text") { (call) throws(Refusal) in
        if case .text(let value) = try call.parameter(key, "get_text", "text or a choice") {
          out?.pointee = call.lend(text: value)
        }
      }
    }
    table.get_float_list = { handle, key, out, count in
      serve(handle, "get_float_list") { (call) throws(Refusal) in
        if case .floats(let values) = try call.parameter(key, "get_float_list", "a list of numbers") {
          out?.pointee = UnsafePointer(call.lend(values, "a list"))
          count?.pointee = UInt64(values.count)
        }
      }
    }
    addNodeParameters(to: &table)
    return table
  }
}

extension HostTables {
  /// The same for one node, with its overrides; in every call.
  private static func addNodeParameters(to table: inout lathe_host_params) {
    table.node_int = { handle, node, key, out in
      serve(handle, "node_int") { (call) throws(Refusal) in
        if case .int(let value) = try call.parameter(key, "node_int", "an integer or bool", of: node) {
          out?.pointee = value
        }
      }
    }
    table.node_float = { handle, node, key, out in
      serve(handle, "node_float") { (call) throws(Refusal) in
        if case .float(let value) = try call.parameter(key, "node_float", "a number", of: node) {
          out?.pointee = value
        }
      }
    }
    table.node_text = { handle, node, key, out in
      serve(handle, "node_text") { (call) throws(Refusal) in
        if case .text(let value) = try call.parameter(key, "node_text", "text or a choice", of: node) {
          out?.pointee = call.lend(text: value)
        }
      }
    }
  }
}

extension CheckedCall {
  /// The value of a parameter; the case about its type fails where `function` does not read such a one.
  fileprivate func parameter(
    _ key: UnsafePointer<CChar>?, _ function: String, _ wanted: String, of node: lathe_node? = nil
  ) throws(Refusal) -> ParameterUnderTest.Value {
    if let node { _ = try self.node(node) }
    let name = key.map { String(cString: $0) } ?? "NULL"
    guard let parameter = host.strategy.parameters.first(where: { $0.key == name }) else {
      throw .broke("reads-declared-parameters", "\"\(name)\" is not declared")
    }
    if node == nil, phase != .create {
      note("parameters-read-in-create", function, "\"\(name)\" was read outside create")
    }
    let own = node.flatMap { host.options.nodeParameters[Int($0)]?[name] }
    let value = own ?? host.options.parameters[name] ?? parameter.initial
    let fits =
      switch (value, function) {
      case (.int, "get_int"), (.float, "get_float"), (.text, "get_text"), (.floats, "get_float_list"): true
      case (.int, "node_int"), (.float, "node_float"), (.text, "node_text"): true
      default: false
      }
    guard fits else {
      throw .broke(
        "parameter-types-match", "\"\(name)\" was read as \(wanted), which it was not declared to be")
    }
    return value
  }
}
