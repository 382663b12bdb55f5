import CLathe
import Glibc
import Tensors

/// The constant C tables a plugin sees.
enum HostTable {
  /// Text that lives as long as the process.
  private struct Text: @unchecked Sendable {
    let pointer: UnsafePointer<CChar>
    init(_ text: StaticString) {
      pointer = UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }
  }
  /// A table that lives as long as the process.
  struct Constant<Value: BitwiseCopyable>: @unchecked Sendable {
    let pointer: UnsafePointer<Value>
    init(_ value: Value) {
      let memory = UnsafeMutablePointer<Value>.allocate(capacity: 1)
      memory.initialize(to: value)
      pointer = UnsafePointer(memory)
    }
  }

  private static let name = Text("lathe")
  private static let version = Text(LatheVersion.text)

  /// The handle without its context.
  static var core: lathe_host {
    lathe_host(
      struct_size: UInt32(MemoryLayout<lathe_host>.size), abi_major: UInt16(LATHE_ABI_MAJOR),
      abi_minor: UInt16(LATHE_ABI_MINOR), host_data: nil, name: name.pointer, version: version.pointer,
      seed: 0,
      get_extension: { _, id in
        guard let id else { return nil }
        return HostTable.extensionTable(String(cString: id))
      },
      log: { host, level, message in
        guard let context = CallContext.of(host), let message else { return }
        context.environment.log(LogLevel(rawValue: level) ?? .info, ForeignText.message(message))
      },
      fail: { host, code, message in
        guard let context = CallContext.of(host) else { return code }
        let status = StrategyStatus(rawValue: code) ?? .internal
        let text = message.map(ForeignText.message) ?? "no reason given"
        context.state.withLock { $0.failure = (status, text) }
        return code
      },
      is_cancelled: { host in CallContext.of(host)?.environment.isCancelled() == true ? 1 : 0 },
      progress: { host, fraction, activity in
        guard let context = CallContext.of(host), fraction.isFinite else { return }
        context.environment.progress(min(1, max(0, fraction)), activity.map(ForeignText.message) ?? "")
      },
      new_tensor: { host, dtype, rank, shape, out in
        CallContext.guarded(host) { context throws(CallFault) in
          guard let out else { throw .contract("new_tensor was given no place for its result") }
          out.pointee = try HostTable.newTensor(dtype, rank, shape)
        }
      })
  }

  /// The services this host offers, by id.
  static let extensionIDs = [
    LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, LATHE_EXT_BUDGET, LATHE_EXT_CALIBRATION, LATHE_EXT_LINALG,
    LATHE_EXT_PARALLEL, LATHE_EXT_RANDOM, LATHE_EXT_WORKSPACE, LATHE_EXT_REPORT,
    LATHE_EXT_TRAINING,
  ]

  private static func extensionTable(_ id: String) -> UnsafeRawPointer? {
    switch id {
    case LATHE_EXT_PARAMS: UnsafeRawPointer(parameters.pointer)
    case LATHE_EXT_GRAPH: UnsafeRawPointer(graph.pointer)
    case LATHE_EXT_BUDGET: UnsafeRawPointer(budget.pointer)
    case LATHE_EXT_CALIBRATION: UnsafeRawPointer(calibration.pointer)
    case LATHE_EXT_LINALG: UnsafeRawPointer(linearAlgebra.pointer)
    case LATHE_EXT_PARALLEL: UnsafeRawPointer(parallel.pointer)
    case LATHE_EXT_RANDOM: UnsafeRawPointer(random.pointer)
    case LATHE_EXT_WORKSPACE: UnsafeRawPointer(workspace.pointer)
    case LATHE_EXT_REPORT: UnsafeRawPointer(report.pointer)
    case LATHE_EXT_TRAINING: UnsafeRawPointer(training.pointer)
    default: nil
    }
  }

  private static func newTensor(
    _ dtype: lathe_dtype, _ rank: Int32, _ shape: UnsafePointer<Int64>?
  ) throws(CallFault) -> UnsafeMutablePointer<lathe_tensor> {
    guard let type = ForeignTensor.elementType(of: dtype) else {
      throw .unsupported("a tensor of code \(dtype.code) and \(dtype.bits) bits cannot be made")
    }
    guard (0...8).contains(rank), rank == 0 || shape != nil else {
      throw .contract("new_tensor: no valid shape")
    }
    var extents: [Int] = []
    var bytes = type.byteCount
    for axis in 0..<Int(rank) {
      guard let extent = shape?[axis], extent >= 0 else { throw .contract("new_tensor: no valid shape") }
      // An extent of 0 leaves no bytes, but must not hide an impossible one beside it.
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(Int(extent), 1))
      guard !overflow, product <= maximumTensorBytes else {
        throw .noMemory("a tensor with an extent of \(extent) is too large")
      }
      bytes = product
      extents.append(Int(extent))
    }
    let count = extents.reduce(type.byteCount, *)
    guard let storage = Storage(zeros: count) else {
      throw .noMemory("there is not enough memory for a tensor of \(count) bytes")
    }
    return ForeignTensor.make(Tensor(type, extents, storage: storage), readOnly: false)
  }

  /// Larger requests are refused rather than tried: 1 TiB.
  private static let maximumTensorBytes = 1 << 40
}
