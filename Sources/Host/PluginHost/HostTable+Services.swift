import CLathe
import Graph
import Tensors

extension HostTable {
  /// lathe.budget/1
  static let budget = Constant(
    lathe_host_budget(
      struct_size: UInt32(MemoryLayout<lathe_host_budget>.size), reserved: 0,
      target: { host, bytes in
        CallContext.guarded(host) { context throws(CallFault) in
          guard let target = context.environment.budget else {
            throw .unsupported("the recipe gives this stage no budget; add `keep` to the stage")
          }
          bytes?.pointee = UInt64(target)
        }
      },
      cost: { host, index, form, bytes in
        CallContext.guarded(host) { context throws(CallFault) in
          let node = try context.node(index)
          guard case .form(let shape) = try ForeignLinear.read(form, node: node, old: nil, needsValues: false)
          else { return }
          do {
            bytes?.pointee = UInt64(try context.environment.price(node, shape))
          } catch {
            throw .unsupported("the price of a form of \(node.name) is unknown: \(error)")
          }
        }
      }))

  /// lathe.random/1
  static let random = Constant(
    lathe_host_random(
      struct_size: UInt32(MemoryLayout<lathe_host_random>.size), reserved: 0,
      uniform: { host, node, stream, out in
        CallContext.guarded(host) { context throws(CallFault) in
          try fillRandom(context, node, stream, out) { $0.uniform(at: $1) }
        }
      },
      normal: { host, node, stream, out in
        CallContext.guarded(host) { context throws(CallFault) in
          try fillRandom(context, node, stream, out) { $0.normal(at: $1) }
        }
      }))

  private static func fillRandom(
    _ context: CallContext, _ node: lathe_node, _ stream: UInt32, _ out: UnsafeMutablePointer<lathe_tensor>?,
    _ draw: (CounterRandom, UInt64) -> Float
  ) throws(CallFault) {
    let view = try ForeignTensor.read(out, "the tensor to fill")
    guard view.elementType == .f32, !view.isReadOnly else {
      throw .contract("random numbers need writable f32")
    }
    // Seed by stage and node: the stream is the caller's.
    let key = CounterRandom(seed: context.environment.seed, stream: UInt64(context.environment.stage))
    let random = CounterRandom(seed: key.bits(at: UInt64(node)), stream: UInt64(stream))
    let target = view.base.assumingMemoryBound(to: Float.self)
    for i in 0..<view.elementCount { target[i] = draw(random, UInt64(i)) }
  }

  /// lathe.parallel/1
  static let parallel = Constant(
    lathe_host_parallel(
      struct_size: UInt32(MemoryLayout<lathe_host_parallel>.size), reserved: 0,
      for_each: { host, count, body, argument in
        guard let context = CallContext.of(host), let body else { return StrategyStatus.contract.rawValue }
        guard count <= UInt64(Int.max) else { return StrategyStatus.invalid.rawValue }
        let call = ParallelCall(body: body, argument: argument)
        do throws(ParallelCall.Stop) {
          try context.environment.workers.forEach(count: Int(count)) { index throws(ParallelCall.Stop) in
            if context.environment.isCancelled() {
              throw ParallelCall.Stop(status: StrategyStatus.cancelled.rawValue)
            }
            let status = call.body(call.argument, UInt64(index))
            if status != 0 { throw ParallelCall.Stop(status: status) }
          }
          return StrategyStatus.ok.rawValue
        } catch {
          return error.status
        }
      }))

  /// The plugin promises that its body may run on several threads.
  private struct ParallelCall: @unchecked Sendable {
    struct Stop: Error {
      let status: lathe_status
    }
    let body: @convention(c) (UnsafeMutableRawPointer?, UInt64) -> lathe_status
    let argument: UnsafeMutableRawPointer?
  }

  /// lathe.workspace/1
  static let workspace = Constant(
    lathe_host_workspace(
      struct_size: UInt32(MemoryLayout<lathe_host_workspace>.size), reserved: 0,
      scratch: { host, bytes in CallContext.of(host)?.arena.scratch(byteCount: bytes) },
      keep: { host, node, key, tensor in
        CallContext.guarded(host) { context throws(CallFault) in
          guard let key else { throw .contract("the key of a tensor to keep is NULL") }
          let name = String(cString: key)
          guard tensor != nil else {
            if let folder = context.environment.keptFolder { try keep(nil, in: folder, node, name) }
            return context.kept.set(nil, node: node, name: name)
          }
          let view = try ForeignTensor.read(tensor, "the tensor to keep as \"\(name)\"")
          let source = Tensor(
            view.elementType, view.shape,
            storage: Storage(
              adopting: view.base, byteCount: view.elementCount * view.elementType.byteCount,
              release: { _, _ in }))
          if let folder = context.environment.keptFolder { return try keep(source, in: folder, node, name) }
          guard let scratch = context.environment.scratch else {
            throw .unsupported("this call has no workspace")
          }
          do throws(TensorError) {
            context.kept.set(try scratch.keep(source), node: node, name: name)
          } catch {
            throw .storage(error)
          }
        }
      },
      kept: { host, node, key, out in
        CallContext.guarded(host) { context throws(CallFault) in
          guard let key, let out else { throw .contract("kept was given no key or no place for its result") }
          let name = String(cString: key)
          let found = context.environment.keptFolder?.tensor(node: node, key: name)
          guard let tensor = found ?? context.kept.tensor(node: node, name: name) else {
            throw .invalid("nothing is kept under \"\(name)\"")
          }
          out.pointee = UnsafePointer(context.arena.borrow(tensor))
        }
      }))

  private static func keep(
    _ tensor: Tensor?, in folder: KeptFolder, _ node: UInt32, _ key: String
  ) throws(CallFault) {
    do { try folder.set(tensor, node: node, key: key) } catch {
      throw .storage(.cannotWrite(path: folder.path, reason: "\(error)"))
    }
  }

  /// lathe.report/1
  static let report = Constant(
    lathe_host_report(
      struct_size: UInt32(MemoryLayout<lathe_host_report>.size), reserved: 0,
      metric: { host, node, key, value in
        guard let context = CallContext.of(host), let key else { return }
        guard node == LATHE_NODE_NONE || node < UInt32(context.snapshot.nodes.count) else { return }
        context.environment.report.set(
          String(cString: key), node: node == LATHE_NODE_NONE ? nil : Int(node), .metric(value))
      },
      series: { host, node, key, values, count in
        guard let context = CallContext.of(host), let key, let values, count <= 1 << 24 else { return }
        guard node == LATHE_NODE_NONE || node < UInt32(context.snapshot.nodes.count) else { return }
        let row = Array(UnsafeBufferPointer(start: values, count: Int(count)))
        context.environment.report.set(
          String(cString: key), node: node == LATHE_NODE_NONE ? nil : Int(node), .series(row))
      }))
}
