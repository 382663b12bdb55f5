import CLathe
import Tensors

extension HostTables {
  static func makeCalibration() -> lathe_host_calibration {
    var table = lathe_host_calibration()
    table.request = { handle, request in
      serve(handle, "request") { (call) throws(Refusal) in
        guard let request, request.pointee.struct_size >= MemoryLayout<lathe_stat_request>.size else {
          throw .broke(
            "info-tables-state-their-size", "a statistic's request has no or too small a struct_size")
        }
        try call.request(request.pointee)
      }
    }
    table.stat = { handle, index, kind, flags, out, tokens in
      serve(handle, "stat") { (call) throws(Refusal) in
        let node = try call.node(index)
        let (tensor, count) = try call.statistic(Int(index), node, kind, flags)
        out?.pointee = tensor
        tokens?.pointee = UInt64(count)
      }
    }
    return table
  }
}

extension CheckedCall {
  fileprivate func request(_ request: lathe_stat_request) throws(Refusal) {
    let node = try node(request.node)
    let what = "statistic \(request.kind) of \(node.name)"
    if phase != .plan { note("requests-in-plan-only", "request", "\(what) was requested outside plan") }
    if !host.strategy.declares(request.kind) {
      note("requests-declared-only", "request", "\(what): bit \(request.kind) of declared_stats is not set")
    }
    guard node.block >= 0 else { throw .no(LATHE_ERR_UNSUPPORTED, "there are no statistics of \(node.name)") }
    let phases = request.flags & UInt32(LATHE_STAT_FOR_ANALYZE | LATHE_STAT_FOR_COMPRESS)
    let isShifted =
      request.flags & UInt32(LATHE_STAT_UPSTREAM_COMPRESSED) != 0
      || request.kind == Int32(LATHE_STAT_INPUT_CROSS_GRAM)
    let entry = CheckedHost.Request(
      node: Int(request.node), kind: request.kind, isShifted: isShifted,
      forAnalyze: !isShifted && (phases == 0 || phases & UInt32(LATHE_STAT_FOR_ANALYZE) != 0),
      forCompress: phases == 0 || phases & UInt32(LATHE_STAT_FOR_COMPRESS) != 0,
      isDouble: request.dtype.bits != 32, maxRows: Int(min(request.max_rows, 1 << 20)))
    host.state.withLock { if !$0.requests.contains(entry) { $0.requests.append(entry) } }
  }

  fileprivate func statistic(
    _ index: Int, _ node: TinyNode, _ kind: Int32, _ flags: UInt32
  ) throws(Refusal) -> (UnsafePointer<lathe_tensor>, Int) {
    let what = "statistic \(kind) of \(node.name)"
    if host.isInsideParallel() {
      note("graph-calls-outside-parallel", "stat", "it was called from within for_each")
    }
    var isAnalyze = false
    var isCompress = false
    switch phase {
    case .analyze(let block):
      isAnalyze = true
      if block != node.block {
        note("statistics-of-own-block", "stat", "\(what) belongs to block \(node.block)")
      }
    case .compress(let block):
      isCompress = true
      if block != node.block {
        note("statistics-of-own-block", "stat", "\(what) belongs to block \(node.block)")
      }
    default: note("statistics-in-their-phases", "stat", "\(what) was read outside analyze and compress")
    }
    let isShifted =
      flags & UInt32(LATHE_STAT_UPSTREAM_COMPRESSED) != 0 || kind == Int32(LATHE_STAT_INPUT_CROSS_GRAM)
    // Equal inputs of several nodes count as one request.
    let all = host.state.withLock { $0.requests }
    let requests = all.filter { request in
      let other = host.model.nodes[request.node]
      let sharesInput =
        request.node == index || (Self.isAboutInput(kind) && other.inputGroup == node.inputGroup)
        || (kind == Int32(LATHE_STAT_BLOCK_SIMILARITY) && other.block == node.block)
      return request.kind == kind && sharesInput && request.isShifted == isShifted
    }
    let served = requests.contains { (isAnalyze && $0.forAnalyze) || (isCompress && $0.forCompress) }
    if !served, isAnalyze || isCompress {
      note("reads-requested-only", "stat", "\(what) was not requested for \(phase.name)")
    }
    let rows = requests.map(\.maxRows).max() ?? 0
    guard
      let found = node.statistic(kind, isShifted: isShifted, maxRows: rows, seed: host.options.seed)
    else { throw .no(LATHE_ERR_UNSUPPORTED, "\(what) is not known to this host") }
    let type: ElementType = (requests.first?.isDouble ?? true) ? .f64 : .f32
    return (UnsafePointer(lend(tensor: found.values, type, found.shape, what)), node.inputs.rows)
  }

  private static func isAboutInput(_ kind: Int32) -> Bool {
    [
      LATHE_STAT_INPUT_GRAM, LATHE_STAT_INPUT_ABS_MEAN, LATHE_STAT_INPUT_SAMPLE, LATHE_STAT_INPUT_CROSS_GRAM,
      LATHE_STAT_INPUT_STACKED_GRAM,
    ].contains(Int(kind))
  }
}
