import CLathe
import Dispatch
import Synchronization

private typealias Host = UnsafePointer<lathe_host>?
private let ok = lathe_status(LATHE_OK)

/// The C tables of the fake host.
final class FakeTables: @unchecked Sendable {
  var core = lathe_host()
  private var blocks: [String: UnsafeMutableRawPointer] = [:]

  init() {
    core.struct_size = UInt32(MemoryLayout<lathe_host>.size)
    core.abi_minor = UInt16(LATHE_ABI_MINOR)
    core.get_extension = { host, id in
      let fake = FakeHost.of(host)
      guard let id else { return nil }
      let name = String(cString: id)
      return fake.missing.contains(name) ? nil : fake.tables.table(name, size: fake.sizes[name])
    }
    core.log = { _, _, _ in }
    core.fail = { host, code, message in
      let text = message.map { String(cString: $0) } ?? ""
      FakeHost.of(host).state.withLock { $0.failure = (code, text) }
      return code
    }
    core.is_cancelled = { FakeHost.of($0).isCancelled ? 1 : 0 }
    core.progress = { _, _, _ in }
    core.new_tensor = { host, type, dimensions, shape, out in
      let extents = (0..<Int(dimensions)).map { Int(shape?[$0] ?? 0) }
      out?.pointee = FakeTensor.make(type, extents, FakeHost.of(host).alive)
      return ok
    }
    add(LATHE_EXT_PARAMS, parameters())
    add(LATHE_EXT_GRAPH, graph())
    add(LATHE_EXT_BUDGET, budget())
    add(LATHE_EXT_CALIBRATION, calibration())
    add(LATHE_EXT_LINALG, algebra())
    add(LATHE_EXT_PARALLEL, parallel())
    add(LATHE_EXT_WORKSPACE, workspace())
    add(LATHE_EXT_REPORT, report())
    add(LATHE_EXT_TRAINING, training())
  }

  deinit { for block in blocks.values { block.deallocate() } }

  private func add<Table>(_ id: String, _ table: Table) {
    let size = MemoryLayout<Table>.size
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    block.initializeMemory(as: Table.self, to: table)
    block.storeBytes(of: UInt32(size), as: UInt32.self)
    blocks[id] = block
  }

  private func table(_ id: String, size: UInt32?) -> UnsafeRawPointer? {
    guard let block = blocks[id] else { return nil }
    if let size { block.storeBytes(of: size, as: UInt32.self) }
    return UnsafeRawPointer(block)
  }

  private func parameters() -> lathe_host_params {
    var table = lathe_host_params()
    table.get_int = { host, key, out in
      guard let text = FakeHost.of(host).parameter(key) else { return lathe_status(LATHE_ERR_INVALID) }
      out?.pointee = Int64(text) ?? (text == "true" ? 1 : 0)
      return ok
    }
    table.get_float = { host, key, out in
      guard let value = FakeHost.of(host).parameter(key).flatMap({ Double($0) }) else {
        return lathe_status(LATHE_ERR_INVALID)
      }
      out?.pointee = value
      return ok
    }
    table.get_text = { host, key, out in
      let fake = FakeHost.of(host)
      guard let text = fake.parameter(key) else { return lathe_status(LATHE_ERR_INVALID) }
      out?.pointee = fake.lend(text)
      return ok
    }
    return table
  }

  private func graph() -> lathe_host_graph {
    var table = lathe_host_graph()
    table.node_count = { UInt32(FakeHost.of($0).nodes.count) }
    table.node = { host, index, info in
      let fake = FakeHost.of(host)
      guard Int(index) < fake.nodes.count, let info else { return lathe_status(LATHE_ERR_INVALID) }
      let node = fake.nodes[Int(index)]
      info.pointee.kind = Int32(LATHE_NODE_LINEAR)
      info.pointee.role = node.role
      info.pointee.block = node.block
      info.pointee.flags = node.isSelected ? UInt32(LATHE_NODE_SELECTED) : 0
      info.pointee.input_group = node.group
      info.pointee.name = UnsafePointer(fake.lend(node.name))
      info.pointee.in_features = Int64(node.inFeatures)
      info.pointee.out_features = Int64(node.outFeatures)
      info.pointee.dtype = node.elementType
      return ok
    }
    table.linear = { host, index, out in
      let fake = FakeHost.of(host)
      out?.pointee = fake.lend(fake.nodes[Int(index)])
      return ok
    }
    table.dense_weight = { host, index, out in
      let fake = FakeHost.of(host)
      let weight = fake.nodes[Int(index)].form.matrix
      let type = lathe_dtype(code: UInt8(LATHE_FLOAT), bits: 32, lanes: 1)
      out?.pointee = FakeTensor.make(type, [weight.rows, weight.columns], weight.values, fake.alive)
      return ok
    }
    table.replace_linear = { host, index, form in
      guard let form else { return lathe_status(LATHE_ERR_INVALID) }
      let new = FakeForm(form.pointee)
      FakeHost.of(host).state.withLock { state in
        if state.isForecasting { state.forecasts[index] = new } else { state.nodes[Int(index)].form = new }
      }
      return ok
    }
    return table
  }

  private func budget() -> lathe_host_budget {
    var table = lathe_host_budget()
    table.target = { host, out in
      guard let target = FakeHost.of(host).target else { return lathe_status(LATHE_ERR_UNSUPPORTED) }
      out?.pointee = target
      return ok
    }
    table.cost = { host, _, form, out in
      guard let form else { return lathe_status(LATHE_ERR_INVALID) }
      out?.pointee = UInt64(FakeForm(form.pointee).cost(FakeHost.of(host).elementBytes))
      return ok
    }
    return table
  }

  private func calibration() -> lathe_host_calibration {
    var table = lathe_host_calibration()
    table.request = { host, request in
      guard let request = request?.pointee else { return lathe_status(LATHE_ERR_INVALID) }
      FakeHost.of(host).state.withLock { $0.requests.append((request.node, request.kind, request.flags)) }
      return ok
    }
    table.stat = { host, index, kind, flags, out, tokens in
      let fake = FakeHost.of(host)
      let node = fake.nodes[Int(index)]
      let isShifted = flags & UInt32(LATHE_STAT_UPSTREAM_COMPRESSED) != 0
      let gram =
        switch Int(kind) {
        case LATHE_STAT_BLOCK_SIMILARITY: Matrix(1, 1, [node.similarity])
        case LATHE_STAT_INPUT_CROSS_GRAM: node.crossGram ?? node.gram
        default: isShifted ? node.shiftedGram ?? node.gram : node.gram
        }
      let type = lathe_dtype(code: UInt8(LATHE_FLOAT), bits: 64, lanes: 1)
      out?.pointee = UnsafePointer(fake.lend(type, [gram.rows, gram.columns], gram.values))
      tokens?.pointee = 100
      return ok
    }
    return table
  }

  private func parallel() -> lathe_host_parallel {
    var table = lathe_host_parallel()
    table.for_each = { host, count, body, context in
      guard let body else { return lathe_status(LATHE_ERR_INVALID) }
      let fake = FakeHost.of(host)
      nonisolated(unsafe) let context = context
      let first = Mutex<(index: Int, status: lathe_status)?>(nil)
      DispatchQueue.concurrentPerform(iterations: Int(count)) { index in
        guard !fake.isCancelled, first.withLock({ $0 == nil }) else { return }
        let status = body(context, UInt64(index))
        guard status != ok else { return }
        first.withLock { if index < $0?.index ?? .max { $0 = (index, status) } }
      }
      return first.withLock { $0?.status } ?? (fake.isCancelled ? lathe_status(LATHE_ERR_CANCELLED) : ok)
    }
    return table
  }

  private func workspace() -> lathe_host_workspace {
    var table = lathe_host_workspace()
    table.keep = { host, node, key, tensor in
      let name = "\(node)/\(key.map { String(cString: $0) } ?? "")"
      let copy = tensor.map { tensor in
        let shape = (0..<Int(tensor.pointee.ndim)).map { Int(tensor.pointee.shape[$0]) }
        return FakeTensor.make(tensor.pointee.dtype, shape, FakeTensor.read(tensor), FakeHost.of(host).alive)
      }
      copy?.pointee.flags = UInt64(LATHE_TENSOR_READ_ONLY)
      FakeHost.of(host).state.withLock { state in
        if let old = state.kept[name] { old.pointee.deleter(old) }
        state.kept[name] = copy
      }
      return ok
    }
    table.kept = { host, node, key, out in
      let name = "\(node)/\(key.map { String(cString: $0) } ?? "")"
      guard let found = FakeHost.of(host).state.withLock({ $0.kept[name] }) else {
        return lathe_status(LATHE_ERR_INVALID)
      }
      out?.pointee = UnsafePointer(found)
      return ok
    }
    return table
  }

  private func report() -> lathe_host_report {
    var table = lathe_host_report()
    table.metric = { host, node, key, value in
      let owner = node == UInt32.max ? "stage" : "\(node)"
      let name = "\(owner)/\(key.map { String(cString: $0) } ?? "")"
      FakeHost.of(host).state.withLock { $0.metrics[name] = value }
    }
    table.series = { host, node, key, values, count in
      let owner = node == UInt32.max ? "stage" : "\(node)"
      let name = "\(owner)/\(key.map { String(cString: $0) } ?? "")"
      let row = (0..<Int(count)).map { values?[$0] ?? 0 }
      FakeHost.of(host).state.withLock { $0.series[name] = row }
    }
    return table
  }
}
