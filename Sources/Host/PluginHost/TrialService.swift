import CLathe
import Graph
import LinearAlgebra
import Runtime
import Tensors
import Training

/// What lathe.training/1 is served by: a session in this process, or one in the parent of a worker.
protocol TrialService: Sendable {
  func batchCount(_ set: BatchSet) throws(CallFault) -> Int
  func shape(of target: FactorTarget) throws(CallFault) -> [Int]
  func setTrial(_ node: Node, _ linear: Linear) throws(CallFault)
  /// `values` are f32 in the shapes of the targets.
  func setValues(_ targets: [FactorTarget], _ values: [Tensor]) throws(CallFault)
  /// The loss and, in the order of `targets`, finite gradients, f32.
  func loss(
    _ request: LossRequest, gradients targets: [FactorTarget]
  ) throws(CallFault) -> (value: TokenLoss.Value, gradients: [Tensor])
}

/// The trials of one call in this process.
struct LocalTrials: TrialService {
  let source: TrainingSource
  let session: TrainingSession

  func batchCount(_ set: BatchSet) -> Int { source.batchCount(set) }

  func shape(of target: FactorTarget) throws(CallFault) -> [Int] {
    try CallFault.wrapping { () throws(TrainingError) in try session.shape(of: target) }
  }

  func setTrial(_ node: Node, _ linear: Linear) throws(CallFault) {
    try CallFault.wrapping { () throws(TrainingError) in try session.setTrial(node, linear) }
  }

  func setValues(_ targets: [FactorTarget], _ values: [Tensor]) throws(CallFault) {
    let changes = zip(targets, values).map { target, tensor in
      (target: target, values: tensor.withElements(as: Float.self) { Array($0) })
    }
    try CallFault.wrapping { () throws(TrainingError) in try session.setValues(changes) }
  }

  func loss(
    _ request: LossRequest, gradients targets: [FactorTarget]
  ) throws(CallFault) -> (value: TokenLoss.Value, gradients: [Tensor]) {
    let (value, found) = try CallFault.wrapping { () throws(TrainingError) in
      try session.loss(request, gradients: targets)
    }
    guard found.allSatisfy(\.isFinite) else {
      throw .numerical("a gradient is not finite; the trials hold numbers that are too large")
    }
    return (value, found.map { $0.tensor() })
  }
}
