import CLathe
import Calibration
import Tensors

extension HostTable {
  /// lathe.calibration/1
  static let calibration = Constant(
    lathe_host_calibration(
      struct_size: UInt32(MemoryLayout<lathe_host_calibration>.size), reserved: 0,
      request: { host, request in
        CallContext.guarded(host) { context throws(CallFault) in
          if context.environment.isCancelled() { throw .cancelled }
          guard let request, request.pointee.struct_size >= MemoryLayout<lathe_stat_request>.size else {
            throw .contract("a statistic's request is NULL or too small")
          }
          let read = try statisticRequest(context, request.pointee)
          context.state.withLock { state in
            if state.requested.insert(read).inserted { state.requests.append(read) }
          }
        }
      },
      stat: { host, index, rawKind, flags, out, tokens in
        CallContext.guarded(host) { context throws(CallFault) in
          let node = try context.node(index)
          guard let kind = StatisticKind(rawValue: rawKind) else {
            throw .unsupported("statistic \(rawKind) is not known to this host")
          }
          switch context.phase {
          case .analyze(let block) where node.block == block: break
          case .compress(let block) where node.block == block: break
          default: throw .contract("statistics of \(node.name) cannot be read in \(context.phase)")
          }
          let upstream: Upstream =
            flags & UInt32(LATHE_STAT_UPSTREAM_COMPRESSED) != 0 ? .compressed : .original
          guard let found = context.statistics?.statistic(kind, node: node.index, upstream: upstream) else {
            throw .contract("statistic \(kind) of \(node.name) was not requested for \(context.phase)")
          }
          out?.pointee = UnsafePointer(context.arena.borrow(found.value))
          tokens?.pointee = UInt64(found.tokenCount)
        }
      }))

  private static func statisticRequest(
    _ context: CallContext, _ request: lathe_stat_request
  ) throws(CallFault) -> StatisticRequest {
    let node = try context.node(request.node)
    guard let kind = StatisticKind(rawValue: request.kind) else {
      throw .unsupported("statistic \(request.kind) cannot be computed by this host")
    }
    var type = ElementType.f64
    if request.dtype.bits != 0 {
      guard let given = ForeignTensor.elementType(of: request.dtype) else {
        throw .contract("a statistic can only be f32 or f64")
      }
      type = given
    }
    var phases: StatisticPhases = []
    if request.flags & UInt32(LATHE_STAT_FOR_ANALYZE) != 0 { phases.insert(.analyze) }
    if request.flags & UInt32(LATHE_STAT_FOR_COMPRESS) != 0 { phases.insert(.compress) }
    if phases.isEmpty { phases = [.analyze, .compress] }
    let isShifted = request.flags & UInt32(LATHE_STAT_UPSTREAM_COMPRESSED) != 0 || kind == .inputCrossGram
    if isShifted {
      guard phases.contains(.compress) else {
        throw .contract("statistic \(kind) of the compressed upstream exists only in compress")
      }
      phases = .compress
    }
    let read = StatisticRequest(
      kind: kind, node: node.index, upstream: isShifted ? .compressed : .original, phases: phases,
      elementType: type, maximumRows: Int(min(request.max_rows, CallContext.mostRows)))
    try context.check(read)
    return read
  }
}
