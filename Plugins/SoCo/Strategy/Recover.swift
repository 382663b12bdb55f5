import PluginKit

/// Trains the scales between the factors of a model that is factored already, and its biases, towards the original.
///
/// The training is that of SoCo without a choice of components: `A B` becomes `A diag(S) B` with `S = 1` at the
/// start, and S is folded into B at the end. The shapes stay, so it takes no budget, and it works on whatever
/// factored form an earlier stage left, quantised factors included. It is what makes a comparison of SoCo with
/// strategies that do not train a fair one: the same loss, the same tokens.
public struct Recover: ForecastingStrategy {
  let settings: TrainingSettings
  let plan: TrainingPlan
  let includesDense: Bool

  public static let descriptor = StrategyDescriptor(
    id: "recover", name: "Recover", version: "1.0.0",
    summary: "trains the scales between the factors, and the biases, of layers that are factored already",
    reference: "https://arxiv.org/abs/2502.15092", traits: [.blockParallel],
    requires: [.parameters, .graph, .training], uses: [.workspace, .report],
    parameters: TrainingSettings.parameters + [
      .bool("dense", default: false, "train the biases of layers that are not factored, too")
    ])

  public init(_ parameters: borrowing Parameters) throws(StrategyError) {
    settings = try TrainingSettings(parameters, fromOriginal: true)
    plan = TrainingPlan(settling: settings.steps, interval: settings.interval)
    includesDense = try parameters.bool("dense")
  }

  public func forecast(
    _ node: borrowing NodeForecast, _ allocation: [UInt32: RecoveredLinear]?
  ) throws(StrategyError) {}

  /// Trains; linears that are not listed stay as they are.
  public func allocate(
    _ summaries: [Void], _ model: borrowing ModelView
  ) throws(StrategyError) -> [UInt32: RecoveredLinear] {
    let (linears, fresh) = try trained(model)
    guard linears.contains(where: { !$0.spectra.isEmpty }) else {
      model.log(.warning, "no selected layer is factored; recover leaves the model as it is")
      return [:]
    }
    let journal = TrainingJournal(fingerprint: settings.fingerprint + [Double(model.seed % (1 << 52))])
    let journals = model.offers(.workspace)
    let earlier = journals ? try journal.read(like: fresh, model) : nil
    var trainer = try Trainer(settings, plan: plan, state: earlier ?? fresh, model)
    let trials = try Trials.placed(linears, trainer.state, model) { (linear) throws(StrategyError) in
      try Self.trial(model.form(of: linear.node), model)
    }
    if earlier == nil {
      try checkTeacher(model)
      try trainer.look(model)
    }
    while trainer.state.step < plan.steps, !trainer.hasStalled {
      trainer.tell(Self.descriptor.id, model)
      try model.checkCancellation()
      guard try trainer.step(trials, size: 1, model) else {
        trainer.fallBack(model)
        break
      }
      try trainer.look(model)
      if journals, trainer.state.step % settings.journalInterval == 0 {
        try journal.write(trainer.state, model)
      }
    }
    if journals, !trainer.hasDiverged { try journal.write(trainer.state, model) }
    trainer.state.restoreBest()
    trainer.report(model)
    return Self.recovered(linears, trainer.state)
  }

  /// Refuses to distil the model from itself, as it is where the recipe starts with this stage.
  private func checkTeacher(_ model: borrowing ModelView) throws(StrategyError) {
    guard settings.steps > 0, settings.distill == 1 else { return }
    let loss = try model.loss(.calibration, [0], settings.weights)
    guard loss.divergence < 1e-7 else { return }
    throw StrategyError(
      .invalid,
      "the factored model is itself the one that the recipe starts from, so there is nothing to recover towards; put "
        + "recover behind the stage that factors, or set distill to 0")
  }

  private func trained(
    _ model: borrowing ModelView
  ) throws(StrategyError) -> ([TrainedLinear], TrainingState) {
    var linears: [TrainedLinear] = []
    var vectors: [LearnedVector] = []
    for node in try model.selectedNodes() where node.block != nil {
      let widths = try model.shape(of: node).terms.filter { $0.count > 1 }.map { $0[0].rows }
      let spectra = widths.indices.map { vectors.count + $0 }
      vectors += widths.map { LearnedVector(spectrum: $0, map: settings.map) }
      var bias: Int?
      if settings.trainsDeviation, includesDense || !widths.isEmpty {
        bias = vectors.count
        vectors.append(try model.learnedBias(of: node))
      }
      if !spectra.isEmpty || bias != nil {
        linears.append(TrainedLinear(node: node, spectra: spectra, bias: bias))
      }
    }
    return (linears, TrainingState(vectors: vectors))
  }

  /// The form with a diagonal behind the first factor of every product.
  private static func trial(
    _ form: LinearForm, _ model: borrowing ModelView
  ) throws(StrategyError) -> TrialForm {
    var trial = TrialForm(terms: form.terms, diagonals: [])
    for (term, factors) in form.terms.enumerated() where factors.count > 1 {
      let width = factors[0].shape.rows
      trial.terms[term].insert(.diagonal(try model.vector(Array(repeating: 1, count: width))), at: 1)
      trial.diagonals.append(
        TrialForm.Diagonal(term: term, factor: 1, components: Array(0..<width)))
    }
    return trial
  }

  private static func recovered(
    _ linears: [TrainedLinear], _ state: TrainingState
  ) -> [UInt32: RecoveredLinear] {
    var result: [UInt32: RecoveredLinear] = [:]
    for linear in linears {
      result[linear.node.id] = RecoveredLinear(
        scales: linear.spectra.map { state.vectors[$0].values.map { Float($0) } },
        bias: linear.bias.map { state.vectors[$0].values.map { Float($0) } })
    }
    return result
  }

  public func compress(
    _ block: borrowing BlockEditor, _ recovered: [UInt32: RecoveredLinear]
  ) throws(StrategyError) {
    for node in try block.selected() {
      guard let linear = recovered[node.id] else { continue }
      try block.checkCancellation()
      let form = try block.form(of: node)
      var scales = linear.scales.makeIterator()
      var terms: [[Factor]] = []
      var isScaled = false
      for factors in form.terms {
        guard factors.count > 1, let own = scales.next(), own.contains(where: { $0 != 1 }) else {
          terms.append(factors)
          continue
        }
        isScaled = true
        terms.append([try block.scalingRows(of: factors[0], by: own)] + factors.dropFirst())
        block.report("scale_max", Double(own.max() ?? 1), about: node)
        block.report("scale_min", Double(own.min() ?? 1), about: node)
      }
      if let bias = linear.bias, try block.changesBias(of: node, to: bias) {
        let values = try block.vector(bias.map(Double.init))
        try block.replace(node, with: LinearForm(terms: terms, bias: values))
      } else if isScaled {
        try block.replace(node, with: LinearForm(terms: terms))
      }
    }
  }
}

/// What training made of one linear.
public struct RecoveredLinear: Sendable {
  /// By product of its form.
  let scales: [[Float]]
  let bias: [Float]?
}
