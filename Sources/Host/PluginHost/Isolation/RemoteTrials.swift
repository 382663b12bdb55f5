import Graph
import Runtime
import Tensors
import Training

/// lathe.training/1 in a worker: every call is the parent's, where the text and the trials are.
struct RemoteTrials: TrialService {
  let session: WorkerSession

  func batchCount(_ set: BatchSet) throws(CallFault) -> Int {
    guard case .count(let count) = try session.trial(.batchCount(set)) else { throw Self.unexpected }
    return count
  }

  func shape(of target: FactorTarget) throws(CallFault) -> [Int] {
    guard case .shape(let shape) = try session.trial(.shape(target)) else { throw Self.unexpected }
    return shape
  }

  func setTrial(_ node: Node, _ linear: Linear) throws(CallFault) {
    _ = try session.trial(.setTrial(node: node.index, linear))
  }

  func setValues(_ targets: [FactorTarget], _ values: [Tensor]) throws(CallFault) {
    _ = try session.trial(.setValues(targets, values))
  }

  func loss(
    _ request: LossRequest, gradients targets: [FactorTarget]
  ) throws(CallFault) -> (value: TokenLoss.Value, gradients: [Tensor]) {
    guard case .loss(let value, let gradients) = try session.trial(.loss(request, targets)) else {
      throw Self.unexpected
    }
    return (value, gradients)
  }

  private static var unexpected: CallFault {
    .unsupported("the parent answered something else than it was asked")
  }
}

extension CallContext {
  /// In the parent: the answer to a worker's question. What only a damaged worker can ask is refused too.
  func answer(_ question: TrialQuestion) throws(CallFault) -> TrialAnswer {
    let trials = try training()
    switch question {
    case .batchCount(let set): return .count(try trials.batchCount(set))
    case .shape(let target):
      _ = try node(of: target)
      return .shape(try trials.shape(of: target))
    case .setTrial(let index, let linear):
      let node = try node(of: FactorTarget(node: index, place: nil))
      guard environment.selected.contains(index), linear.outFeatures == node.outFeatures,
        linear.inFeatures == node.inFeatures
      else { throw .contract("nothing of this shape can be tried in the place of \(node.name)") }
      try trials.setTrial(node, linear)
      return .done
    case .setValues(let targets, let values):
      for (target, tensor) in zip(targets, values) {
        _ = try node(of: target)
        guard tensor.elementType == .f32, try trials.shape(of: target) == tensor.shape else {
          throw .contract("values to try have another type or shape than what they replace")
        }
      }
      guard targets.count == values.count else { throw .contract("values to try are missing") }
      try trials.setValues(targets, values)
      return .done
    case .loss(let request, let targets):
      for target in targets { _ = try node(of: target) }
      let (value, gradients) = try trials.loss(request, gradients: targets)
      return .loss(value, gradients)
    }
  }

  private func node(of target: FactorTarget) throws(CallFault) -> Node {
    try node(UInt32(clamping: target.node))
  }
}
