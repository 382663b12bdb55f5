import PluginKit

/// Steps of training on the host's loss, looks at the held-out windows, and the best state.
struct Trainer: ~Copyable {
  let settings: TrainingSettings
  let plan: TrainingPlan
  let order: BatchOrder
  /// Windows that are watched and not trained on; may be empty.
  let heldOut: [Int]
  var state: TrainingState
  private(set) var hasDiverged = false
  /// The state before the first step, which stands in where no step gave a finite loss.
  private let start: [[Double]]
  private let clock = ContinuousClock.now
  private let firstStep: Int

  init<Host: HostAccess & ~Copyable>(
    _ settings: TrainingSettings, plan: TrainingPlan, state: TrainingState, _ host: borrowing Host
  ) throws(StrategyError) {
    let count = try host.batchCount(.calibration)
    guard count > 0 else {
      throw StrategyError(
        .invalid, "training needs calibration text; add `calibration: { text: [\"file.txt\"] }` to the recipe"
      )
    }
    let watched = try host.batchCount(.heldOut)
    self.settings = settings
    self.plan = plan
    self.state = state
    order = BatchOrder(count: count, size: settings.batch, seed: host.seed)
    heldOut = Array(0..<watched)
    start = state.vectors.map(\.theta)
    firstStep = state.step
    if count < settings.batch {
      host.log(.warning, "a batch is \(settings.batch) windows, and the calibration text has \(count)")
    }
    if watched == 0 {
      host.log(
        .warning, "there are no held-out windows: the last state of the training is taken, not the best")
    }
  }

  /// One step on the trials, `size` being the share of bytes that they stand for. False where the loss was not
  /// finite; nothing was changed then.
  mutating func step<Host: HostAccess & ~Copyable>(
    _ trials: borrowing Trials, size: Double, _ host: borrowing Host
  ) throws(StrategyError) -> Bool {
    let windows = order.windows(step: state.step)
    let loss: Double
    do throws(StrategyError) {
      loss = try host.lossAndGradients(.calibration, windows, settings.weights, into: trials.gradients).total
    } catch {
      guard error.code == .numerical else { throw error }
      return false
    }
    guard loss.isFinite, let gradients = trials.gradients(of: state) else { return false }
    let rate = plan.rate(at: state.step)
    for index in state.vectors.indices {
      let own = settings.rate(of: state.vectors[index].kind)
      state.vectors[index].step(against: gradients[index], rate: own * rate)
    }
    try trials.write(state, host)
    state.curves.loss.append(loss)
    state.curves.size.append(size)
    state.step += 1
    return true
  }

  /// Looks at the held-out windows where it is time for it, and notes the state where it meets the target.
  mutating func look<Host: HostAccess & ~Copyable>(_ host: borrowing Host) throws(StrategyError) {
    guard !heldOut.isEmpty, state.step >= plan.sparsifyStart else { return }
    let sinceStart = state.step - plan.sparsifyStart
    guard sinceStart % plan.interval == 0 || state.step == plan.steps else { return }
    var loss = Double.infinity
    do throws(StrategyError) {
      loss = try host.loss(.heldOut, heldOut, settings.weights).total
    } catch {
      guard error.code == .numerical else { throw error }
    }
    guard loss.isFinite else { return }
    state.curves.heldOutStep.append(Double(state.step))
    state.curves.heldOut.append(loss)
    state.note(loss: loss)
  }

  /// Whether the held-out loss has not fallen for as many looks as the settings allow.
  var hasStalled: Bool {
    guard settings.patience > 0, let best = state.best else { return false }
    return state.curves.heldOutStep.count { $0 > Double(best.step) } >= settings.patience
  }

  /// After a loss that was not finite: the best state, or the scales of the start.
  mutating func fallBack<Host: HostAccess & ~Copyable>(_ host: borrowing Host) {
    let kept = state.best.map { "the state after step \($0.step)" } ?? "the state without training"
    host.log(
      .warning,
      "the loss of step \(state.step + 1) is not finite; training stops and \(kept) is taken; try a lower learning_rate"
    )
    host.report("diverged_at_step", Double(state.step + 1))
    hasDiverged = true
    if state.best == nil {
      for index in state.vectors.indices { state.vectors[index].theta = start[index] }
    }
  }

  /// Where the run is, for a person.
  func tell<Host: HostAccess & ~Copyable>(_ strategy: String, _ host: borrowing Host) {
    var parts = ["step \(state.step) of \(plan.steps)"]
    if let loss = state.curves.loss.last { parts.append("loss \(Self.text(loss))") }
    if let size = state.curves.size.last, plan.sparsifyStart > 0 {
      parts.append("size \(Self.text(100 * size)) %")
    }
    if let heldOut = state.curves.heldOut.last { parts.append("held-out \(Self.text(heldOut))") }
    if state.step > firstStep {
      let spent = clock.duration(to: .now) / (state.step - firstStep) * (plan.steps - state.step)
      parts.append("\(spent.components.seconds) s left")
    }
    host.progress(
      Double(state.step) / Double(max(1, plan.steps)),
      "\(strategy): \(plan.phase(at: state.step)), \(parts.joined(separator: ", "))")
  }

  private static func text(_ value: Double) -> String {
    let scaled = (value * 1000).rounded() / 1000
    return "\(scaled)"
  }

  func report<Host: HostAccess & ~Copyable>(_ host: borrowing Host) {
    host.report("training_steps", Double(state.step))
    guard !state.curves.loss.isEmpty else { return }
    host.report("training_loss", series: state.curves.loss)
    host.report("training_size", series: state.curves.size)
    host.report(
      "training_phase", series: (0..<state.curves.loss.count).map { plan.phase(at: $0).rawValue })
    if !state.curves.heldOut.isEmpty {
      host.report("held_out_step", series: state.curves.heldOutStep)
      host.report("held_out_loss", series: state.curves.heldOut)
    }
    if let best = state.best {
      host.report("best_step", Double(best.step))
      host.report("best_held_out_loss", best.loss)
    }
  }
}
