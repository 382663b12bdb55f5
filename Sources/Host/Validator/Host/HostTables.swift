import CLathe
import Glibc
import Synchronization

/// The C tables of the checking host. They live as long as the process: a plugin may keep pointers to them.
struct HostTables: @unchecked Sendable {
  static let plain = HostTables(growth: 0)
  /// Of a host of a later minor version.
  static let grown = HostTables(growth: growth)
  static let growth: UInt32 = 64

  let core: lathe_host
  private let extensions: [String: UnsafeRawPointer]

  private init(growth: UInt32) {
    var core = HostTables.makeCore()
    core.abi_major = UInt16(LATHE_ABI_MAJOR)
    core.abi_minor = UInt16(LATHE_ABI_MINOR) + (growth > 0 ? 1 : 0)
    core.name = HostTables.constant(Array("lathe validate".utf8CString))
    core.version = HostTables.constant(Array("1".utf8CString))
    self.core = core
    extensions = [
      LATHE_EXT_PARAMS: HostTables.table(HostTables.makeParameters(), growth),
      LATHE_EXT_GRAPH: HostTables.table(HostTables.makeGraph(), growth),
      LATHE_EXT_BUDGET: HostTables.table(HostTables.makeBudget(), growth),
      LATHE_EXT_CALIBRATION: HostTables.table(HostTables.makeCalibration(), growth),
      LATHE_EXT_TRAINING: HostTables.table(HostTables.makeTraining(), growth),
      LATHE_EXT_LINALG: HostTables.table(HostTables.makeAlgebra(), growth),
      LATHE_EXT_PARALLEL: HostTables.table(HostTables.makeParallel(), growth),
      LATHE_EXT_RANDOM: HostTables.table(HostTables.makeRandom(), growth),
      LATHE_EXT_WORKSPACE: HostTables.table(HostTables.makeWorkspace(), growth),
      LATHE_EXT_REPORT: HostTables.table(HostTables.makeReport(), growth),
    ]
  }

  func table(_ id: String) -> UnsafeRawPointer? { extensions[id] }

  private static func constant<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafePointer<Value> {
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: values.count)
    memory.initialize(from: values, count: values.count)
    return UnsafePointer(memory)
  }

  /// `table` followed by `growth` zero bytes, with its size in front.
  private static func table<Table: BitwiseCopyable>(_ table: Table, _ growth: UInt32) -> UnsafeRawPointer {
    let size = MemoryLayout<Table>.size + Int(growth)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    memset(memory, 0, size)
    memory.storeBytes(of: table, as: Table.self)
    memory.storeBytes(of: UInt32(size), as: UInt32.self)
    return UnsafeRawPointer(memory)
  }
}

/// Serves a host function: traces it, fails it where the case wants that, and writes down what it broke.
func serve(
  _ handle: UnsafePointer<lathe_host>?, _ function: String, _ kind: HostOptions.Fallible? = .calls,
  _ body: (CheckedCall) throws(Refusal) -> Void
) -> lathe_status {
  guard let call = CheckedCall.of(handle) else { return lathe_status(LATHE_ERR_CONTRACT) }
  let host = call.host
  let began = host.trace?.now ?? 0
  var status = lathe_status(LATHE_OK)
  call.entered(function)
  do throws(Refusal) {
    if let kind, host.shouldFail(kind, function) {
      throw .no(Int(host.options.failingStatus), "\(function) was made to fail by the validator")
    }
    try body(call)
  } catch {
    status = error.status
    call.state.withLock { $0.refusal = error.message }
    if let rule = error.rule {
      call.note(rule, function, error.message)
      // What is wrong is written down; the plugin goes on, so that it fails this rule only.
      status = lathe_status(LATHE_OK)
    }
  }
  host.trace?.add(function, "host", since: began, status: status)
  return status
}

extension CheckedCall {
  /// What every host function notices, whatever it does.
  func entered(_ function: String) {
    let (isReturned, isFirst) = state.withLock { state in
      defer { state.isFirst = false }
      return (state.isReturned, state.isFirst)
    }
    if isReturned {
      note("handle-not-kept", function, "the handle of \(phase.name) was used after that call")
    }
    if isFirst { host.gate() }
    if host.options.countsThreads, ThreadCount.now > ThreadCount.expected {
      note(
        "starts-no-threads", function,
        "the process has \(ThreadCount.now) threads, \(ThreadCount.expected) before")
    }
  }

  /// Whether work should end; remembers that the plugin was told so.
  func poll() -> Bool {
    let isCancelled = host.poll()
    polls.wrappingAdd(1, ordering: .relaxed)
    if isCancelled {
      state.withLock { if $0.wasCancelled == nil { $0.wasCancelled = .now } }
    }
    return isCancelled
  }

  /// Something that a plugin does not do once it knows that it is cancelled.
  func worked(_ function: String) {
    let count = state.withLock { state in
      if state.wasCancelled != nil { state.worksAfterCancel += 1 }
      return state.worksAfterCancel
    }
    if count > 1 {
      note("stops-when-cancelled", function, "\(count) layers were worked on after is_cancelled said 1")
    }
  }
}
