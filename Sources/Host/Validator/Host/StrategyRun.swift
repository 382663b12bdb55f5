import CLathe
import Glibc
import Synchronization

/// One instance on one checking host: created, called phase by phase, destroyed exactly once.
final class StrategyRun: @unchecked Sendable {
  let host: CheckedHost
  let instance: UnsafeMutablePointer<lathe_instance>
  private var isDestroyed = false
  private var hadError = false

  init(_ host: CheckedHost) throws(CaseFault) {
    self.host = host
    let descriptor = host.strategy.pointer
    var made: UnsafeMutablePointer<lathe_instance>?
    let ended = Self.call(host, .create) { descriptor.pointee.create(descriptor, $0, &made) }
    if ended.status != 0 { throw .stopped(call: "create", status: ended.status, message: ended.message) }
    if let problem = Self.problem(made) { host.note("instance-table-is-sound", "create", problem) }
    guard let made, host.fault("instance-table-is-sound") == nil else {
      throw .notApplicable("create gives no usable instance; see instance-table-is-sound")
    }
    instance = made
  }

  private static func problem(_ made: UnsafeMutablePointer<lathe_instance>?) -> String? {
    guard let table = made?.pointee else { return "it returned LATHE_OK and no instance" }
    let size = MemoryLayout<lathe_instance>.size
    if table.struct_size < size { return "struct_size of the instance is \(table.struct_size), not \(size)" }
    if table.destroy == nil { return "destroy is NULL" }
    if table.plan == nil { return "plan is NULL" }
    if table.compress == nil { return "compress is NULL" }
    return nil
  }

  func plan() throws(CaseFault) { try run(.plan) { self.instance.pointee.plan(self.instance, $0) } }

  func analyze(_ block: Int) throws(CaseFault) {
    guard let analyze = instance.pointee.analyze else { return }
    try run(.analyze(block)) { analyze(self.instance, $0, Int32(block)) }
  }

  func allocate() throws(CaseFault) {
    guard let allocate = instance.pointee.allocate else { return }
    try run(.allocate) { allocate(self.instance, $0) }
  }

  func compress(_ block: Int) throws(CaseFault) {
    host.tally.compresses()
    try run(.compress(block)) { self.instance.pointee.compress(self.instance, $0, Int32(block)) }
  }

  func finish() throws(CaseFault) {
    guard let finish = instance.pointee.finish else { return }
    try run(.finish) { finish(self.instance, $0) }
  }

  /// The form that the strategy foretells; nil where it leaves the node as it is.
  func forecast(_ node: Int) throws(CaseFault) -> TinyForm? {
    guard let forecast = instance.pointee.forecast else { return nil }
    var form: TinyForm?
    let ended = Self.call(host, .forecast(node), commits: false, staged: { form = $0[node]?.form }) {
      forecast(self.instance, $0, UInt32(node))
    }
    if ended.status != 0 {
      throw .stopped(call: "forecast of node \(node)", status: ended.status, message: ended.message)
    }
    return form
  }

  /// All phases, in the order in which a host runs them.
  func all(blocks order: [Int] = [0, 1]) throws(CaseFault) {
    try plan()
    for block in order { try analyze(block) }
    try allocate()
    for block in order { try compress(block) }
    if host.model.nodes.contains(where: { $0.block < 0 && $0.isSelected }) { try compress(-1) }
    try finish()
  }

  func destroy() {
    guard !isDestroyed else { return }
    isDestroyed = true
    FaultRegions.enter("destroy")
    instance.pointee.destroy(instance)
    let alive = host.aliveTensors
    if host.options.guardsNewMemory, let bad = alive.first(where: { !$0.isIntact }) {
      host.note("writes-in-bounds", "destroy", "bytes just outside \(bad.label) were written")
    }
    guard let first = alive.first else { return }
    let rest = alive.count > 1 ? " and \(alive.count - 1) more" : ""
    let rule = hadError ? "no-leak-after-errors" : "no-tensor-leaks"
    host.note(rule, "destroy", "\(first.label)\(rest) was never deleted")
  }

  deinit { destroy() }

  private func run(
    _ phase: CheckedCall.Phase, _ body: (UnsafePointer<lathe_host>) -> lathe_status
  ) throws(CaseFault) {
    let ended = Self.call(host, phase, body: body)
    if ended.status != 0 {
      hadError = true
      throw .stopped(call: phase.name, status: ended.status, message: ended.message)
    }
  }

  /// One call across the boundary with all that is looked at afterwards.
  private static func call(
    _ host: CheckedHost, _ phase: CheckedCall.Phase, commits: Bool = true,
    staged: ([Int: (form: TinyForm, bias: [Double]?)]) -> Void = { _ in },
    body: (UnsafePointer<lathe_host>) -> lathe_status
  ) -> (status: Int32, message: String) {
    let call = CheckedCall(phase, host: host)
    FaultRegions.enter(phase.name)
    let began = host.trace?.now ?? 0
    let environment = FloatingPointState()
    let status = body(call.handle)
    environment.check(host, phase.name)
    host.trace?.add(phase.name, "plugin", since: began, status: status)
    let state = call.state.withLock { $0 }
    staged(state.staged)
    if !(0...Int32(LATHE_ERR_INTERNAL)).contains(status) {
      host.note("statuses-are-known", phase.name, "it returned \(status), which is no lathe_status")
    }
    if status != 0, status != Int32(LATHE_ERR_CANCELLED), state.failure == nil {
      host.note("failures-are-explained", phase.name, "it returned \(status) and never called fail")
    }
    if let moment = state.wasCancelled {
      let waited = ContinuousClock.now - moment
      if waited > .seconds(1) {
        host.note("returns-soon-after-cancel", phase.name, "it went on for \(waited) after it was told")
      }
    }
    if host.options.countsThreads, ThreadCount.now > ThreadCount.expected {
      host.note(
        "starts-no-threads", phase.name,
        "\(ThreadCount.now) threads are there when it returns, \(ThreadCount.expected) before")
    }
    let polls = call.polls.load(ordering: .relaxed)
    if state.replacements > 1, polls + 1 < state.replacements {
      host.note(
        "polls-for-cancellation", phase.name,
        "it replaced \(state.replacements) layers and let the host look for an interruption \(polls) times"
      )
    }
    call.end(commits ? status : 1)
    return (status, state.failure?.message ?? state.refusal ?? "no reason given")
  }
}

/// The control part of the floating-point environment.
struct FloatingPointState {
  private var saved = fenv_t()

  init() { fegetenv(&saved) }

  /// Compares with now, writes down what differs, and puts everything back.
  func check(_ host: CheckedHost, _ call: String) {
    var saved = saved
    for (rule, what) in differences { host.note(rule, call, what) }
    fesetenv(&saved)
  }

  var differences: [(rule: String, what: String)] {
    var now = fenv_t()
    fegetenv(&now)
    var result: [(String, String)] = []
    #if arch(x86_64)
      let changed = now.__mxcsr ^ saved.__mxcsr
      if changed & 0x6000 != 0 || (now.__control_word ^ saved.__control_word) & 0x0c00 != 0 {
        result.append(("rounding-mode-kept", "the rounding mode is another one than before"))
      }
      if changed & 0x8040 != 0 {
        result.append(("denormals-kept", "denormals are flushed to zero (FTZ or DAZ was set in MXCSR)"))
      }
    #elseif arch(arm64)
      let changed = now.__fpcr ^ saved.__fpcr
      if changed & (3 << 22) != 0 {
        result.append(("rounding-mode-kept", "the rounding mode is another one than before"))
      }
      if changed & (1 << 24) != 0 { result.append(("denormals-kept", "denormals are flushed to zero")) }
    #endif
    return result
  }
}
