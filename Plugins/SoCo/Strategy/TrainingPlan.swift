import Glibc

/// When a run does what.
///
/// - `compress`: the allowed size falls from everything to the target; what is worth least per byte goes.
/// - `refine`: the size stays at the target; components that went may come back in the place of others.
/// - `sparsify`: what went is gone for good, and the rest settles while the step length falls to zero.
struct TrainingPlan: Sendable, Equatable {
  enum Phase: Double, Sendable {
    case compress = 1
    case refine = 2
    case sparsify = 3
  }

  let steps: Int
  /// The first step of `refine` and of `sparsify`.
  let refineStart: Int
  let sparsifyStart: Int
  /// Steps between two selections of components, and between two looks at the held-out windows.
  let interval: Int

  /// Shares of the steps; what `compress` and `refine` leave is `sparsify`.
  init(steps: Int, compress: Double, refine: Double, interval: Int) {
    self.steps = max(steps, 0)
    refineStart = Int((compress * Double(self.steps)).rounded())
    sparsifyStart = min(self.steps, refineStart + Int((refine * Double(self.steps)).rounded()))
    self.interval = max(interval, 1)
  }

  /// Nothing but the last phase.
  init(settling steps: Int, interval: Int) {
    self.init(steps: steps, compress: 0, refine: 0, interval: interval)
  }

  func phase(at step: Int) -> Phase {
    step < refineStart ? .compress : step < sparsifyStart ? .refine : .sparsify
  }

  /// Whether components are chosen anew before this step.
  func selects(before step: Int) -> Bool {
    step < sparsifyStart && step % interval == 0 || step == sparsifyStart
  }

  /// Of the bytes between everything and the target, the share that may still be used: `(1 - progress)^3`, 0 from
  /// the end of `compress` on.
  func excess(before step: Int) -> Double {
    guard step < refineStart else { return 0 }
    let left = 1 - min(1, Double(step + interval) / Double(refineStart))
    return left * left * left
  }

  /// What learning rates are multiplied by: a linear rise over the first steps of the run, 1, and half a cosine
  /// over `sparsify`.
  func rate(at step: Int) -> Double {
    let rise = min(1, Double(step + 1) / Double(min(10, max(1, steps / 10))))
    guard step >= sparsifyStart, steps > sparsifyStart else { return rise }
    let progress = Double(step - sparsifyStart) / Double(steps - sparsifyStart)
    return rise * 0.5 * (1 + cos(.pi * progress))
  }
}
