import CLathe
import Glibc
import Synchronization

/// What is behind one handle: one call of the plugin, kept until the host goes so that late uses are recognised.
final class CheckedCall: @unchecked Sendable {
  enum Phase: Sendable, Equatable {
    case create, plan, allocate, finish
    case analyze(Int)
    case compress(Int)
    case forecast(Int)

    var name: String {
      switch self {
      case .create: "create"
      case .plan: "plan"
      case .allocate: "allocate"
      case .finish: "finish"
      case .analyze(let block): "analyze of block \(block)"
      case .compress(let block): block < 0 ? "compress outside the blocks" : "compress of block \(block)"
      case .forecast(let node): "forecast of node \(node)"
      }
    }
  }

  struct State {
    var staged: [Int: (form: TinyForm, bias: [Double]?)] = [:]
    var trials: [Int: TinyForm] = [:]
    /// What inputs were divided by and outputs were divided by, by node.
    var scalings: [Int: NodeScaling] = [:]
    /// Norms that took up scales, by input group.
    var norms: [UInt32: [Double]] = [:]
    /// Nodes whose input was scaled and that have no replacement for it yet.
    var unanswered: Set<Int> = []
    var failure: (code: Int32, message: String)?
    var refusal: String?
    var lent: [GuardedMemory] = []
    var scratch: [GuardedMemory] = []
    var isReturned = false
    var isFirst = true
    var worksAfterCancel = 0
    var wasCancelled: ContinuousClock.Instant?
    var replacements = 0
  }

  let phase: Phase
  unowned(unsafe) let host: CheckedHost
  let state = Mutex(State())
  /// Beside the state, as those of the host.
  let polls = Atomic(0)
  private let memory: GuardedMemory

  init(_ phase: Phase, host: CheckedHost) {
    self.phase = phase
    self.host = host
    let size = MemoryLayout<lathe_host>.size + Int(host.options.tableGrowth)
    memory = GuardedMemory(
      size, style: host.options.revokesHandles ? .pages : .tolerant, rule: "handle-not-kept",
      label: "the handle of \(phase.name)")
    var table = host.tables.core
    table.struct_size = UInt32(size)
    table.host_data = Unmanaged.passUnretained(self).toOpaque()
    table.seed = host.options.seed
    memory.base.storeBytes(of: table, as: lathe_host.self)
    host.state.withLock { $0.calls.append(self) }
  }

  var handle: UnsafePointer<lathe_host> {
    UnsafePointer(memory.base.assumingMemoryBound(to: lathe_host.self))
  }

  static func of(_ handle: UnsafePointer<lathe_host>?) -> CheckedCall? {
    guard let data = handle?.pointee.host_data else { return nil }
    return Unmanaged<CheckedCall>.fromOpaque(data).takeUnretainedValue()
  }

  func note(_ rule: String, _ function: String, _ what: String) {
    host.note(rule, "\(function) in \(phase.name)", what)
  }

  /// Bytes lent until the call returns.
  func lend(_ byteCount: Int, _ label: String, fill: (UnsafeMutableRawPointer) -> Void)
    -> UnsafeMutableRawPointer
  {
    let options = host.options
    let isChecked = options.makesBorrowedReadOnly || options.revokesBorrowed
    let memory = GuardedMemory(
      byteCount, style: options.guardsBorrowed ? .exact : isChecked ? .pages : .tolerant,
      rule: "reads-in-bounds", label: label)
    fill(memory.base)
    if options.makesBorrowedReadOnly { memory.makeReadOnly() }
    state.withLock { $0.lent.append(memory) }
    return memory.base
  }

  func lend<Value: BitwiseCopyable>(_ values: [Value], _ label: String) -> UnsafeMutablePointer<Value> {
    // Tables stay aligned: only the data of tensors ends at a guard.
    let size = values.count * MemoryLayout<Value>.stride
    let pointer = lend(max(size, 1), label) { base in
      values.withUnsafeBytes { bytes in
        if let source = bytes.baseAddress { base.copyMemory(from: source, byteCount: bytes.count) }
      }
    }
    return pointer.bindMemory(to: Value.self, capacity: max(values.count, 1))
  }

  /// A table with its size in front, larger by what a newer host has added.
  func lend<Table: BitwiseCopyable>(table: Table, _ label: String) -> UnsafePointer<Table> {
    let size = MemoryLayout<Table>.size + Int(host.options.tableGrowth)
    let base = lend(size, label) { base in
      memset(base, 0, size)
      base.storeBytes(of: table, as: Table.self)
      base.storeBytes(of: UInt32(size), as: UInt32.self)
    }
    return UnsafePointer(base.bindMemory(to: Table.self, capacity: 1))
  }

  /// Whether these bytes were lent to this call.
  func hasLent(_ pointer: UnsafeRawPointer) -> Bool {
    state.withLock { $0.lent.contains { UnsafeRawPointer($0.base) == pointer } }
  }

  func lend(text: String) -> UnsafePointer<CChar> { UnsafePointer(lend(Array(text.utf8CString), "a text")) }

  /// Uninitialised memory for the call.
  func scratch(_ byteCount: UInt64) -> UnsafeMutableRawPointer? {
    guard byteCount < 1 << 32 else { return nil }
    let options = host.options
    let memory = GuardedMemory(
      Int(byteCount),
      style: options.guardsNewMemory ? .aligned : options.revokesBorrowed ? .pages : .tolerant,
      fill: host.options.scratchFill, rule: "writes-in-bounds", label: "scratch of \(byteCount) bytes")
    state.withLock { $0.scratch.append(memory) }
    return memory.base
  }

  private static let returned = "the call it was lent to had returned"

  /// Ends the call: commits or forgets its replacements and takes back what was lent.
  func end(_ status: lathe_status) {
    let (staged, lent, scratch) = state.withLock { state in
      state.isReturned = true
      return (state.staged, state.lent, state.scratch)
    }
    if status == lathe_status(LATHE_OK) {
      host.tally.replaces(staged.count)
      host.state.withLock { state in
        for (index, given) in staged {
          state.forms[index] = given.form
          if let bias = given.bias { state.biases[index] = bias }
          state.replaced.insert(index)
        }
      }
    }
    if status == lathe_status(LATHE_OK) { commitScalings() }
    if host.options.guardsNewMemory, scratch.contains(where: { !$0.isIntact }) {
      host.note("writes-in-bounds", phase.name, "bytes just outside a block of scratch were written")
    }
    if host.options.revokesBorrowed {
      for memory in lent + scratch { memory.revoke(rule: "borrowed-not-kept", since: Self.returned) }
    }
    if host.options.revokesHandles { memory.revoke(rule: "handle-not-kept", since: Self.returned) }
  }
}
