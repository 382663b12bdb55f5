import LowRank
import PluginKit

/// SoCo's three phases over the whole model.
///
/// Until `sparsify` every trained linear is tried with all its components, the inactive ones at scale 0, so that
/// their curvature is seen and they may come back. Then only what is kept is tried.
struct SpectrumTraining: ~Copyable {
  let strategy: SoCo
  let budget: StageBudget
  let items: [RankItem]
  let linears: [TrainedLinear]
  var trainer: Trainer
  private let journal: TrainingJournal
  private var trials: Trials
  /// Share of the bytes that the components chosen last take.
  private var size: Double

  private init(
    _ strategy: SoCo, _ budget: StageBudget, _ items: [RankItem], _ linears: [TrainedLinear],
    _ trainer: consuming Trainer, _ journal: TrainingJournal, _ trials: consuming Trials, size: Double
  ) {
    self.strategy = strategy
    self.budget = budget
    self.items = items
    self.linears = linears
    self.trainer = trainer
    self.journal = journal
    self.trials = trials
    self.size = size
  }

  /// The run from its start, or from the state that an interrupted one journalled. `decomposed`: ids of the nodes
  /// whose components are kept.
  static func started(
    _ strategy: SoCo, _ budget: StageBudget, decomposed: Set<UInt32>, _ model: borrowing ModelView
  ) throws(StrategyError) -> SpectrumTraining {
    let items = try budget.items(step: strategy.step, model)
    let (linears, fresh) = try trained(strategy, budget.nodes, decomposed, model)
    let journal = TrainingJournal(
      fingerprint: strategy.settings.fingerprint + [
        Double(budget.target), Double(strategy.curvatureWindows), Double(strategy.plan.refineStart),
        Double(strategy.plan.sparsifyStart), strategy.scope == .global ? 0 : 1,
        strategy.basis == .whitened ? 0 : 1, Double(strategy.step),
        Double(model.seed % (1 << 52)),
      ])
    let state = try journal.read(like: fresh, model) ?? fresh
    if state.step > 0 { model.log(.info, "training goes on after step \(state.step)") }
    return SpectrumTraining(
      strategy, budget, items, linears,
      try Trainer(strategy.settings, plan: strategy.plan, state: state, model),
      journal, try trials(linears, state, isCut: state.step > strategy.plan.sparsifyStart, model),
      size: try size(linears, budget, state, model))
  }

  private static func trained(
    _ strategy: SoCo, _ nodes: [Node], _ decomposed: Set<UInt32>, _ model: borrowing ModelView
  ) throws(StrategyError) -> ([TrainedLinear], TrainingState) {
    var linears: [TrainedLinear] = []
    var vectors: [LearnedVector] = []
    for node in nodes where node.block != nil {
      var own: [Int] = []
      if decomposed.contains(node.id) {
        own = [vectors.count]
        vectors.append(
          LearnedVector(spectrum: min(node.inFeatures, node.outFeatures), map: strategy.settings.map))
      }
      var bias: Int?
      if strategy.settings.trainsDeviation {
        bias = vectors.count
        vectors.append(try model.learnedBias(of: node))
      }
      if !own.isEmpty || bias != nil { linears.append(TrainedLinear(node: node, spectra: own, bias: bias)) }
    }
    return (linears, TrainingState(vectors: vectors))
  }

  /// All steps, then the best state.
  mutating func run(_ model: borrowing ModelView) throws(StrategyError) {
    let plan = trainer.plan
    while true {
      let step = trainer.state.step
      if plan.selects(before: step) { try choose(model) }
      if step == plan.sparsifyStart {
        trials = try Self.trials(linears, trainer.state, isCut: true, model)
        try trainer.look(model)
      }
      guard step < plan.steps, !trainer.hasStalled else { break }
      trainer.tell(SoCo.descriptor.id, model)
      try model.checkCancellation()
      guard try trainer.step(trials, size: size, model) else {
        trainer.fallBack(model)
        if step < plan.sparsifyStart { try choose(model, isLast: true) }
        break
      }
      // At the border the first look comes after the last choice.
      if trainer.state.step > plan.sparsifyStart { try trainer.look(model) }
      if trainer.state.step % trainer.settings.journalInterval == 0 {
        try journal.write(trainer.state, model)
      }
    }
    // Kept to the end of the stage: what was trained is not trained again where compress is interrupted.
    if !trainer.hasDiverged { try journal.write(trainer.state, model) }
    trainer.state.restoreBest()
    trainer.report(model)
  }

  /// Estimates the curvature and keeps what is worth most per byte under the size that this step allows.
  private mutating func choose(_ model: borrowing ModelView, isLast: Bool = false) throws(StrategyError) {
    if !isLast { try estimate(model) }
    let everything = budget.current.reduce(0, +)
    let excess = isLast ? 0 : trainer.plan.excess(before: trainer.state.step)
    let target = budget.target + Int(excess * Double(everything - budget.target))
    var (scored, vectors) = ([ScoredItem](), [Int?]())
    for node in budget.nodes {
      let vector = linears.first { $0.node.id == node.id }?.spectra.first
      let scores = vector.map { Curvature.scores(trainer.state.curvature[$0], trainer.state.vectors[$0]) }
      scored.append(ScoredItem(role: node.role, scores: scores ?? []))
      vectors.append(vector)
    }
    let scope = strategy.scope
    let ranks = try budget.allocating(items, within: target, step: strategy.step, model) {
      (allocator) throws(StrategyError) in
      try allocator.byScores(scored, scope: scope)
    }
    for (index, vector) in vectors.enumerated() {
      guard let vector else { continue }
      let count = ranks[index] ?? trainer.state.vectors[vector].count
      trainer.state.vectors[vector].isFactored = ranks[index] != nil
      trainer.state.vectors[vector].choose(Set(scored[index].order.prefix(count)))
    }
    size = try Self.size(linears, budget, trainer.state, model)
    if trainer.state.step < trainer.plan.sparsifyStart { try trials.write(trainer.state, model) }
  }

  /// The first estimate, or half of the earlier one and half of one from a quarter as many windows.
  private mutating func estimate(_ model: borrowing ModelView) throws(StrategyError) {
    let isFirst = trainer.state.curvature.isEmpty
    let count = isFirst ? strategy.curvatureWindows : max(1, strategy.curvatureWindows / 4)
    model.progress(
      Double(trainer.state.step) / Double(max(1, trainer.plan.steps)),
      "\(SoCo.descriptor.id): curvature from \(count) windows, step \(trainer.state.step) of \(trainer.plan.steps)"
    )
    let windows = trainer.order.sample(count, draw: trainer.state.step)
    let new = try Curvature.estimate(trials, trainer.state, windows: windows, model)
    guard !isFirst else {
      trainer.state.curvature = new
      return
    }
    for (index, row) in new.enumerated() {
      for i in row.indices {
        trainer.state.curvature[index][i] = (trainer.state.curvature[index][i] + row[i]) / 2
      }
    }
  }
}
