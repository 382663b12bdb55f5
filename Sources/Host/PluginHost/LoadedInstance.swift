import CLathe
import Glibc

/// A strategy's instance wherever its code runs.
protocol InstanceCalls: Sendable {
  var phases: InstancePhases { get }
  /// Runs the function of `context.phase`; what it leaves is in `context.state`. A function that is not there
  /// succeeds. Throws where no status can come back.
  func call(_ context: CallContext) throws(PluginHostError) -> lathe_status
}

/// An instance whose code is loaded into this process.
final class LoadedInstance: InstanceCalls, @unchecked Sendable {
  private let pointer: UnsafeMutablePointer<lathe_instance>

  private init(_ pointer: UnsafeMutablePointer<lathe_instance>) { self.pointer = pointer }

  deinit { pointer.pointee.destroy?(pointer) }

  /// Calls create. Without an instance the status is no success and the context knows why.
  static func create(
    _ descriptor: UnsafePointer<lathe_strategy>, _ context: CallContext
  ) -> (status: lathe_status, instance: LoadedInstance?) {
    var made: UnsafeMutablePointer<lathe_instance>?
    let status = guarded(context) { host in descriptor.pointee.create(descriptor, host, &made) }
    guard status == StrategyStatus.ok.rawValue else { return (status, nil) }
    func broken(_ reason: String) -> (lathe_status, LoadedInstance?) {
      context.state.withLock { $0.failure = (.contract, reason) }
      return (StrategyStatus.contract.rawValue, nil)
    }
    guard let made else { return broken("it returned no instance") }
    // Before the instance is taken over: destroy cannot be read from a table that is too small for it.
    guard made.pointee.struct_size >= MemoryLayout<lathe_instance>.size, made.pointee.destroy != nil,
      made.pointee.plan != nil, made.pointee.compress != nil
    else { return broken("its instance table is too small or lacks destroy, plan or compress") }
    return (status, LoadedInstance(made))
  }

  var phases: InstancePhases {
    InstancePhases(analyzes: pointer.pointee.analyze != nil, forecasts: pointer.pointee.forecast != nil)
  }

  func call(_ context: CallContext) -> lathe_status {
    let table = pointer.pointee
    let ok = StrategyStatus.ok.rawValue
    return Self.guarded(context) { host in
      switch context.phase {
      case .create: StrategyStatus.contract.rawValue
      case .plan: table.plan(pointer, host)
      case .analyze(let block): table.analyze?(pointer, host, Int32(block)) ?? ok
      case .allocate: table.allocate?(pointer, host) ?? ok
      case .compress(let block): table.compress(pointer, host, Int32(block ?? -1))
      case .finish: table.finish?(pointer, host) ?? ok
      case .forecast(let node): table.forecast?(pointer, host, lathe_node(node)) ?? ok
      }
    }
  }

  /// One call across the boundary: makes the handle and restores the floating-point environment.
  private static func guarded(
    _ context: CallContext, _ body: (UnsafePointer<lathe_host>) -> lathe_status
  ) -> lathe_status {
    var environment = fenv_t()
    fegetenv(&environment)
    defer { fesetenv(&environment) }
    return context.withHandle(body)
  }
}
