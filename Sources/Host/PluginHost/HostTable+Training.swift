import CLathe
import Graph
import LinearAlgebra
import Runtime
import Tensors
import Training

extension HostTable {
  /// lathe.training/1
  static let training = Constant(
    lathe_host_training(
      struct_size: UInt32(MemoryLayout<lathe_host_training>.size), reserved: 0,
      batch_count: { host, set, count in
        CallContext.guarded(host) { context throws(CallFault) in
          let source = try context.trainingSource()
          let set = try ForeignLoss.set(set)
          count?.pointee = UInt32(clamping: source.batchCount(set))
        }
      },
      set_trial: { host, index, form in
        CallContext.guarded(host) { context throws(CallFault) in
          let session = try context.training()
          let node = try context.node(index)
          guard context.environment.selected.contains(node.index) else {
            throw .contract("\(node.name) is not selected, so nothing can be tried in its place")
          }
          guard
            case .full(let linear) = try ForeignLinear.read(
              form, node: node, old: context.snapshot.linears?[node.index], needsValues: true, isTrial: true)
          else { return }
          try CallFault.wrapping { () throws(TrainingError) in try session.setTrial(node, linear) }
        }
      },
      loss: { host, set, batches, count, loss in
        CallContext.guarded(host) { context throws(CallFault) in
          let session = try context.training()
          let request = try ForeignLoss.request(context, set, batches, count, loss)
          let (value, _) = try CallFault.wrapping { () throws(TrainingError) in
            try session.loss(request, gradients: [])
          }
          ForeignLoss.write(value, to: loss)
        }
      },
      loss_and_gradients: { host, set, batches, count, factors, factorCount, gradients, loss in
        CallContext.guarded(host) { context throws(CallFault) in
          let session = try context.training()
          let request = try ForeignLoss.request(context, set, batches, count, loss)
          let targets = try ForeignLoss.targets(context, factors, factorCount)
          let places = try ForeignLoss.places(session, targets, gradients)
          let (value, found) = try CallFault.wrapping { () throws(TrainingError) in
            try session.loss(request, gradients: targets)
          }
          guard found.allSatisfy(\.isFinite) else {
            throw .numerical("a gradient is not finite; the trials hold numbers that are too large")
          }
          for (place, gradient) in zip(places, found) {
            gradient.withUnsafeBuffer { values in
              guard let source = values.baseAddress else { return }
              place.base.copyMemory(from: source, byteCount: values.count * MemoryLayout<Float>.size)
            }
          }
          ForeignLoss.write(value, to: loss)
        }
      },
      set_trial_values: { host, factors, count, values in
        CallContext.guarded(host) { context throws(CallFault) in
          let session = try context.training()
          let targets = try ForeignLoss.targets(context, factors, count)
          let changes = try ForeignLoss.values(session, targets, values)
          try CallFault.wrapping { () throws(TrainingError) in try session.setValues(changes) }
        }
      }))
}

extension CallContext {
  /// What learns, in the calls that may; throws elsewhere and without text.
  func trainingSource() throws(CallFault) -> TrainingSource {
    guard phase == .allocate || phase == .finish else {
      throw .contract("losses and trials belong to allocate and finish, not to \(phase)")
    }
    guard let source = environment.training else {
      throw .unsupported(
        "there is no text to learn from; add `calibration: { text: [\"file.txt\"] }` to the recipe")
    }
    return source
  }

  /// The trials of this call.
  func training() throws(CallFault) -> TrainingSession {
    let source = try trainingSource()
    if let session = trainingSession.withLock({ $0 }) { return session }
    var current = source.entering
    for (node, linear) in zip(snapshot.nodes, snapshot.linears ?? []) {
      do { try current.replace(node, with: linear) } catch { throw .unsupported("\(node.name): \(error)") }
    }
    let session = TrainingSession(source, current: current)
    trainingSession.withLock { $0 = session }
    return session
  }
}

extension CallFault {
  /// Runs `body` and says what its error means for the plugin.
  static func wrapping<Result>(
    _ body: () throws(TrainingError) -> Result
  ) throws(CallFault) -> Result {
    do { return try body() } catch {
      switch error {
      case .cancelled: throw .cancelled
      case .storage(let failure): throw .storage(failure)
      case .notFinite, .runtime(.nonFinite): throw .numerical(error.description)
      case .runtime, .linearAlgebra, .graph: throw .unsupported(error.description)
      default: throw .contract(error.description)
      }
    }
  }
}
