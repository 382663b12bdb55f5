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
          let set = try ForeignLoss.set(set)
          count?.pointee = UInt32(clamping: try context.training().batchCount(set))
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
          try session.setTrial(node, linear)
        }
      },
      loss: { host, set, batches, count, loss in
        CallContext.guarded(host) { context throws(CallFault) in
          let session = try context.training()
          let request = try ForeignLoss.request(context, set, batches, count, loss)
          let (value, _) = try session.loss(request, gradients: [])
          ForeignLoss.write(value, to: loss)
        }
      },
      loss_and_gradients: { host, set, batches, count, factors, factorCount, gradients, loss in
        CallContext.guarded(host) { context throws(CallFault) in
          let session = try context.training()
          let request = try ForeignLoss.request(context, set, batches, count, loss)
          let targets = try ForeignLoss.targets(context, factors, factorCount)
          let places = try ForeignLoss.places(session, targets, gradients)
          let (value, found) = try session.loss(request, gradients: targets)
          for (place, gradient) in zip(places, found) {
            gradient.withBytes { bytes in
              guard let source = bytes.baseAddress else { return }
              place.base.copyMemory(from: source, byteCount: bytes.count)
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
          try session.setValues(targets, changes)
        }
      }))
}

extension CallContext {
  /// The trials of this call, in the calls that may have some; throws elsewhere and without text.
  func training() throws(CallFault) -> any TrialService {
    guard phase == .allocate || phase == .finish else {
      throw .contract("losses and trials belong to allocate and finish, not to \(phase)")
    }
    if let remote = environment.remoteTrials { return remote }
    if let session = trainingSession.withLock({ $0 }) { return session }
    guard let source = environment.training else {
      throw .unsupported(
        "there is no text to learn from; add `calibration: { text: [\"file.txt\"] }` to the recipe")
    }
    var current = source.entering
    for (node, linear) in zip(snapshot.nodes, snapshot.linears ?? []) {
      do { try current.replace(node, with: linear) } catch { throw .unsupported("\(node.name): \(error)") }
    }
    let made = LocalTrials(source: source, session: TrainingSession(source, current: current))
    trainingSession.withLock { $0 = made }
    return made
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
