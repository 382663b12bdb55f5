import PluginKit

/// What the loss rises by without a component, from the curvature of the loss in its scale.
///
/// Around its own output the divergence of a model is quadratic, and its second derivative is the Fisher information:
/// `F_i = E[(d log p(y | x) / d S_i)^2]` with y drawn from the model. Taking S_i to 0 costs about `F_i S_i^2 / 2`.
///
/// Under that model the size term has a closed form, too: `min over S of sum F_i (1 - S_i)^2 / 2 + lambda c_i S_i` is
/// `S_i = max(0, 1 - lambda c_i / F_i)`, 0 exactly where `F_i / c_i <= lambda`: one threshold on the worth per byte.
/// Gradient steps on the same sum with Adam, which divides by each parameter's own gradient, shrink everything alike
/// instead.
enum Curvature {
  /// One estimate by vector, the mean over `windows` of the squared gradient of each window's loss; zeros for biases.
  static func estimate<Host: HostAccess & ~Copyable>(
    _ trials: borrowing Trials, _ state: TrainingState, windows: [Int], _ host: borrowing Host
  ) throws(StrategyError) -> [[Double]] {
    var sums = state.vectors.map { Array(repeating: 0.0, count: $0.count) }
    let drawn = LossWeights(nextToken: 1, divergence: 0, sampledTargets: true)
    for window in windows {
      try host.checkCancellation()
      _ = try host.lossAndGradients(.calibration, [window], drawn, into: trials.gradients)
      guard let gradients = trials.gradients(of: state) else {
        throw StrategyError(.numerical, "the gradients of the model are not finite; check the weights")
      }
      for index in sums.indices where state.vectors[index].kind != .bias {
        for i in sums[index].indices { sums[index][i] += gradients[index][i] * gradients[index][i] }
      }
    }
    return sums.map { $0.map { $0 / Double(max(1, windows.count)) } }
  }

  /// `F S^2` by component. What is not in the model is judged at the scale 1, at which it would come back.
  static func scores(_ curvature: [Double], _ vector: LearnedVector) -> [Double] {
    vector.theta.indices.map { index in
      let scale = vector.isActive[index] ? vector.value(index) : 1
      return curvature[index] * scale * scale
    }
  }
}
