public import CLathe

/// A refusal of a plugin.
public struct Refusal: Error, CustomStringConvertible {
  public let code: Int32
  public let message: String
  public var description: String { "\(code): \(message)" }
}

/// Drives one strategy through its C tables, as a host does.
public final class FakeRun {
  public let instance: UnsafeMutablePointer<lathe_instance>
  private let host: FakeHost

  public init(_ module: UnsafePointer<lathe_module>, strategy: Int = 0, on host: FakeHost) throws {
    guard let table = module.pointee.strategies[strategy] else { throw Refusal(code: -1, message: "none") }
    for index in 0..<Int(table.pointee.param_count) {
      guard let parameter = table.pointee.params[index]?.pointee else { continue }
      host.declared[String(cString: parameter.key)] = parameter.default_value.map { String(cString: $0) }
    }
    var made: UnsafeMutablePointer<lathe_instance>?
    let status = host.call { table.pointee.create(table, $0, &made) }
    guard status == LATHE_OK, let made else {
      throw Refusal(code: status, message: host.failure?.message ?? "")
    }
    instance = made
    self.host = host
  }

  deinit { instance.pointee.destroy(instance) }

  private func check(_ status: lathe_status) throws {
    guard status == LATHE_OK else { throw Refusal(code: status, message: host.failure?.message ?? "") }
  }

  public func plan() throws { try check(host.call { instance.pointee.plan(instance, $0) }) }

  public func analyze(_ block: Int32) throws {
    guard let analyze = instance.pointee.analyze else { return }
    try check(host.call { analyze(instance, $0, block) })
  }

  public func allocate() throws {
    guard let allocate = instance.pointee.allocate else { return }
    try check(host.call { allocate(instance, $0) })
  }

  public func compress(_ block: Int32) throws {
    try check(host.call { instance.pointee.compress(instance, $0, block) })
  }

  public func forecast(_ node: Int) throws {
    guard let forecast = instance.pointee.forecast else { return }
    host.state.withLock { $0.isForecasting = true }
    defer { host.state.withLock { $0.isForecasting = false } }
    try check(host.call { forecast(instance, $0, UInt32(node)) })
  }

  public func finish() throws {
    guard let finish = instance.pointee.finish else { return }
    try check(host.call { finish(instance, $0) })
  }

  /// All phases over all blocks of the model.
  public func all() throws {
    let blocks = Set(host.nodes.map(\.block)).sorted()
    try plan()
    for block in blocks { try analyze(block) }
    try allocate()
    for block in blocks { try compress(block) }
  }
}
