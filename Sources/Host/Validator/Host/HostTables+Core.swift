import CLathe
import Tensors

extension HostTables {
  static func makeCore() -> lathe_host {
    var table = lathe_host()
    table.get_extension = { handle, id in
      guard let call = CheckedCall.of(handle), let id else { return nil }
      let name = String(cString: id)
      call.entered("get_extension(\(name))")
      let strategy = call.host.strategy
      if StrategyUnderTest.knownExtensions.contains(name),
        !(strategy.required + strategy.optional).contains(name)
      {
        call.note(
          "declares-its-extensions", "get_extension", "\(name) is declared neither required nor optional")
      }
      return call.host.offers(name) ? call.host.tables.table(name) : nil
    }
    table.log = { handle, _, message in
      guard let call = CheckedCall.of(handle) else { return }
      call.entered("log")
      if message.flatMap({ String(validatingCString: $0) }) == nil {
        call.note("messages-are-utf8", "log", "the message is NULL or not valid UTF-8")
      }
    }
    table.fail = { handle, code, message in
      guard let call = CheckedCall.of(handle) else { return code }
      call.entered("fail")
      let text = message.flatMap { String(validatingCString: $0) }
      if text == nil { call.note("messages-are-utf8", "fail", "the message is NULL or not valid UTF-8") }
      call.state.withLock { $0.failure = (code, text ?? "?") }
      return code
    }
    table.is_cancelled = { handle in
      guard let call = CheckedCall.of(handle) else { return 0 }
      call.entered("is_cancelled")
      return call.poll() ? 1 : 0
    }
    table.progress = { handle, fraction, activity in
      guard let call = CheckedCall.of(handle) else { return }
      call.entered("progress")
      if !(fraction >= 0 && fraction <= 1) {
        call.note("progress-in-0-to-1", "progress", "the fraction is \(fraction)")
      }
      if let activity, String(validatingCString: activity) == nil {
        call.note("messages-are-utf8", "progress", "the activity is not valid UTF-8")
      }
    }
    table.new_tensor = { handle, dtype, rank, shape, out in
      serve(handle, "new_tensor", .allocations) { (call) throws(Refusal) in
        var extents: [Int64] = []
        guard (0...8).contains(rank), rank == 0 || shape != nil else {
          throw .no(LATHE_ERR_CONTRACT, "new_tensor: no valid shape")
        }
        var bytes = Int64(dtype.bits / 8)
        for axis in 0..<Int(rank) {
          let extent = shape?[axis] ?? -1
          let (product, overflow) = bytes.multipliedReportingOverflow(by: max(extent, 1))
          guard extent >= 0, !overflow, product < 1 << 32 else {
            throw .no(LATHE_ERR_NO_MEMORY, "a tensor with an extent of \(extent) is too large")
          }
          bytes = product
          extents.append(extent)
        }
        guard dtype.bits >= 8, dtype.bits % 8 == 0 else {
          throw .no(LATHE_ERR_UNSUPPORTED, "new_tensor: elements of \(dtype.bits) bits")
        }
        let label = "new_tensor \(extents) made in \(call.phase.name)"
        out?.pointee = HostTensor(owned: dtype, extents, host: call.host, label: label).pointer
      }
    }
    return table
  }
}
