import CLathe
import Tensors

extension HostTables {
  static func makeBudget() -> lathe_host_budget {
    var table = lathe_host_budget()
    table.target = { handle, bytes in
      serve(handle, "target") { (call) throws(Refusal) in
        guard let target = call.host.target else {
          throw .no(LATHE_ERR_UNSUPPORTED, "this stage has no budget")
        }
        bytes?.pointee = UInt64(target)
      }
    }
    table.cost = { handle, index, form, bytes in
      serve(handle, "cost") { (call) throws(Refusal) in
        let node = try call.node(index)
        bytes?.pointee = UInt64(
          try FormReader(call: call, node: node, needsValues: false).read(form).form.byteCount)
      }
    }
    return table
  }

  static func makeRandom() -> lathe_host_random {
    var table = lathe_host_random()
    table.uniform = { handle, node, stream, out in
      serve(handle, "uniform") { (call) throws(Refusal) in
        try call.draw(node, stream, out) { $0.uniform(at: $1) }
      }
    }
    table.normal = { handle, node, stream, out in
      serve(handle, "normal") { (call) throws(Refusal) in
        try call.draw(node, stream, out) { $0.normal(at: $1) }
      }
    }
    return table
  }

  static func makeParallel() -> lathe_host_parallel {
    var table = lathe_host_parallel()
    table.for_each = { handle, count, body, context in
      let work = ParallelWork(body: body, context: context)
      return serve(handle, "for_each") { (call) throws(Refusal) in
        guard count < 1 << 24 else { throw .no(LATHE_ERR_INVALID, "for_each over \(count) indices") }
        let status = call.forEach(Int(count), work)
        if status != 0 { throw Refusal(status: status, message: "a body of for_each ended with \(status)") }
      }
    }
    return table
  }

  static func makeWorkspace() -> lathe_host_workspace {
    var table = lathe_host_workspace()
    table.scratch = { handle, bytes in
      var result: UnsafeMutableRawPointer?
      _ = serve(handle, "scratch", .allocations) { (call) throws(Refusal) in result = call.scratch(bytes) }
      return result
    }
    table.keep = { handle, node, key, tensor in
      serve(handle, "keep") { (call) throws(Refusal) in
        guard let key else { throw .no(LATHE_ERR_CONTRACT, "keep: the key is NULL") }
        let name = "\(node)/\(String(cString: key))"
        guard tensor != nil else { return call.host.state.withLock { $0.kept[name] = nil } }
        let given = try GivenTensor(tensor, "the tensor to keep")
        let bytes = UnsafeRawBufferPointer(start: given.base, count: given.count * given.type.byteCount)
        let kept = CheckedHost.KeptTensor(
          dtype: TensorBytes.dtype(of: given.type), shape: given.shape.map(Int64.init), bytes: Array(bytes))
        call.host.state.withLock { $0.kept[name] = kept }
      }
    }
    table.kept = { handle, node, key, out in
      serve(handle, "kept") { (call) throws(Refusal) in
        let name = "\(node)/\(key.map { String(cString: $0) } ?? "")"
        guard let kept = call.host.state.withLock({ $0.kept[name] }) else {
          throw .no(LATHE_ERR_INVALID, "nothing is kept under \(name)")
        }
        out?.pointee = UnsafePointer(
          call.lend(bytes: kept.bytes, kept.dtype, kept.shape, "what was kept as \(name)"))
      }
    }
    return table
  }

  static func makeReport() -> lathe_host_report {
    var table = lathe_host_report()
    table.metric = { handle, node, key, value in
      guard let call = CheckedCall.of(handle) else { return }
      call.entered("metric")
      call.report(node, key, "metric", [value])
    }
    table.series = { handle, node, key, values, count in
      guard let call = CheckedCall.of(handle) else { return }
      call.entered("series")
      let row = UnsafeBufferPointer(start: values, count: values == nil ? 0 : Int(min(count, 1 << 20)))
      call.report(node, key, "series", Array(row))
    }
    return table
  }
}

extension CheckedCall {
  fileprivate func report(
    _ node: lathe_node, _ key: UnsafePointer<CChar>?, _ function: String, _ values: [Double]
  ) {
    let name = key.flatMap { String(validatingCString: $0) }
    if name == nil { note("messages-are-utf8", function, "the key is NULL or not valid UTF-8") }
    if node != LATHE_NODE_NONE, node >= UInt32(host.model.nodes.count) {
      note("nodes-exist", function, "node \(node) does not exist")
    }
    if !values.allSatisfy(\.isFinite) {
      note("metrics-are-finite", function, "\"\(name ?? "?")\" is not finite")
    }
    host.state.withLock { $0.reported["\(node)/\(name ?? "?")"] = values }
  }

  fileprivate func draw(
    _ node: lathe_node, _ stream: UInt32, _ out: UnsafeMutablePointer<lathe_tensor>?,
    _ number: (CounterRandom, UInt64) -> Float
  ) throws(Refusal) {
    let given: GivenTensor
    do throws(Refusal) { given = try GivenTensor(out, "the tensor to fill") } catch {
      throw .broke("arguments-fit", error.message)
    }
    guard given.type == .f32, !given.isReadOnly else {
      throw .broke("arguments-fit", "random numbers need a writable float32 tensor")
    }
    let key = CounterRandom(seed: host.options.seed, stream: 0)
    let random = CounterRandom(seed: key.bits(at: UInt64(node)), stream: UInt64(stream))
    TensorBytes.write((0..<given.count).map { Double(number(random, UInt64($0))) }, .f32, to: given.base)
  }
}
