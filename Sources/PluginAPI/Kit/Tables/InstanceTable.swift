import CLathe

/// Runs `body` for a C function of the plugin: errors become a status with a recorded reason.
func answer(
  _ host: UnsafePointer<lathe_host>?, _ body: (HostCall) throws(StrategyError) -> Void
) -> lathe_status {
  guard let host else { return StrategyError.Code.contract.rawValue }
  let call = HostCall(host)
  do throws(StrategyError) {
    try body(call)
    return lathe_status(LATHE_OK)
  } catch {
    return call.fail(error)
  }
}

/// Runs `body` with the strategy behind a C instance.
private func answer(
  _ table: UnsafeMutablePointer<lathe_instance>?, _ host: UnsafePointer<lathe_host>?,
  _ body: (StrategyInstance, HostCall) throws(StrategyError) -> Void
) -> lathe_status {
  answer(host) { (call) throws(StrategyError) in
    guard let data = table?.pointee.strategy_data else {
      throw StrategyError(.contract, "the host called a function of no instance")
    }
    try body(Unmanaged<StrategyInstance>.fromOpaque(data).takeUnretainedValue(), call)
  }
}

/// The C table of an instance. Phases that the strategy does not have are NULL, so the host skips their passes.
func makeInstanceTable(_ instance: StrategyInstance) -> UnsafeMutablePointer<lathe_instance> {
  var table = lathe_instance()
  table.struct_size = UInt32(MemoryLayout<lathe_instance>.size)
  table.strategy_data = Unmanaged.passRetained(instance).toOpaque()
  table.destroy = { table in
    guard let table else { return }
    if let data = table.pointee.strategy_data { Unmanaged<StrategyInstance>.fromOpaque(data).release() }
    table.deinitialize(count: 1)
    table.deallocate()
  }
  table.plan = { table, host in
    answer(table, host) { (instance, call) throws(StrategyError) in try instance.plan(call) }
  }
  if instance.hasAnalyze {
    table.analyze = { table, host, block in
      answer(table, host) { (instance, call) throws(StrategyError) in try instance.analyze(call, block) }
    }
  }
  if instance.hasAllocate {
    table.allocate = { table, host in
      answer(table, host) { (instance, call) throws(StrategyError) in try instance.allocate(call) }
    }
  }
  table.compress = { table, host, block in
    answer(table, host) { (instance, call) throws(StrategyError) in try instance.compress(call, block) }
  }
  if instance.hasFinish {
    table.finish = { table, host in
      answer(table, host) { (instance, call) throws(StrategyError) in try instance.finish(call) }
    }
  }
  if instance.hasForecast {
    table.forecast = { table, host, node in
      answer(table, host) { (instance, call) throws(StrategyError) in try instance.forecast(call, node) }
    }
  }
  let pointer = UnsafeMutablePointer<lathe_instance>.allocate(capacity: 1)
  pointer.initialize(to: table)
  return pointer
}
