/// Everything that training has learned and decided, so that a run can go on from it as if it had not stopped.
struct TrainingState: Sendable, Equatable {
  /// Steps done.
  var step = 0
  var vectors: [LearnedVector]
  /// By vector, the running estimate of `E[(d log p / d S_i)^2]`; empty where no components are chosen.
  var curvature: [[Double]] = []
  var curves = TrainingCurves()
  var best: Best?

  /// The state with the lowest held-out divergence among those that meet the target.
  struct Best: Sendable, Equatable {
    var step: Int
    var loss: Double
    /// By vector.
    var theta: [[Double]]
  }

  init(vectors: [LearnedVector]) { self.vectors = vectors }

  /// Notes `loss` as the best so far if it is.
  mutating func note(loss: Double) {
    if let best, best.loss <= loss { return }
    best = Best(step: step, loss: loss, theta: vectors.map(\.theta))
  }

  /// Goes back to the best state, where there is one.
  mutating func restoreBest() {
    guard let best else { return }
    for index in vectors.indices { vectors[index].theta = best.theta[index] }
  }
}

/// What is drawn after a run: by step, and by look at the held-out windows.
struct TrainingCurves: Sendable, Equatable {
  var loss: [Double] = []
  /// Share of the selected linears' bytes that the active components take, by step.
  var size: [Double] = []
  var heldOutStep: [Double] = []
  var heldOut: [Double] = []
}
