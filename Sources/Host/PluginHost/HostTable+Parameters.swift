import CLathe

extension HostTable {
  /// lathe.params/1
  static let parameters = Constant(
    lathe_host_params(
      struct_size: UInt32(MemoryLayout<lathe_host_params>.size), reserved: 0,
      get_int: { host, key, out in
        CallContext.guarded(host) { context throws(CallFault) in
          guard case .int(let value) = try parameter(context, key) else { throw mistyped(key, "an integer") }
          out?.pointee = value
        }
      },
      get_float: { host, key, out in
        CallContext.guarded(host) { context throws(CallFault) in
          guard case .float(let value) = try parameter(context, key) else { throw mistyped(key, "a number") }
          out?.pointee = value
        }
      },
      get_text: { host, key, out in
        CallContext.guarded(host) { context throws(CallFault) in
          guard case .text(let value) = try parameter(context, key) else { throw mistyped(key, "text") }
          out?.pointee = context.arena.hold(text: value)
        }
      },
      get_float_list: { host, key, out, count in
        CallContext.guarded(host) { context throws(CallFault) in
          guard case .floats(let values) = try parameter(context, key) else { throw mistyped(key, "a list") }
          out?.pointee = context.arena.hold(array: values)
          count?.pointee = UInt64(values.count)
        }
      },
      node_int: { host, index, key, out in
        CallContext.guarded(host) { context throws(CallFault) in
          guard case .int(let value) = try parameter(context, key, of: index) else {
            throw mistyped(key, "an integer")
          }
          out?.pointee = value
        }
      },
      node_float: { host, index, key, out in
        CallContext.guarded(host) { context throws(CallFault) in
          guard case .float(let value) = try parameter(context, key, of: index) else {
            throw mistyped(key, "a number")
          }
          out?.pointee = value
        }
      },
      node_text: { host, index, key, out in
        CallContext.guarded(host) { context throws(CallFault) in
          guard case .text(let value) = try parameter(context, key, of: index) else {
            throw mistyped(key, "text")
          }
          out?.pointee = context.arena.hold(text: value)
        }
      }))

  private static func parameter(
    _ context: CallContext, _ key: UnsafePointer<CChar>?, of index: lathe_node
  ) throws(CallFault) -> ParameterValues.Value {
    guard let key else { throw .contract("a parameter's key is NULL") }
    let node = try context.node(index)
    let environment = context.environment
    let name = String(cString: key)
    let values = environment.nodeParameters[node.index] ?? context.parameters
    guard let value = values?.values[name] else { throw .contract("parameter \"\(name)\" was not declared") }
    return value
  }

  private static func parameter(
    _ context: CallContext, _ key: UnsafePointer<CChar>?
  ) throws(CallFault) -> ParameterValues.Value {
    guard let key else { throw .contract("a parameter's key is NULL") }
    let name = String(cString: key)
    guard context.phase == .create, let values = context.parameters else {
      throw .contract("parameter \"\(name)\" was read outside create")
    }
    guard let value = values.values[name] else { throw .contract("parameter \"\(name)\" was not declared") }
    return value
  }

  private static func mistyped(_ key: UnsafePointer<CChar>?, _ type: String) -> CallFault {
    .contract(
      "parameter \"\(key.map { String(cString: $0) } ?? "")\" was read as \(type), which it was not declared")
  }
}
