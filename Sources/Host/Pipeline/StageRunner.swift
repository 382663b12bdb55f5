import Calibration
import Graph
import LinearAlgebra
import PluginHost
import Runtime
import Tensors
import Training

/// A stage's work, done.
struct StageResult {
  let model: Model
  /// Indices of the nodes that were replaced.
  let replaced: Set<Int>
  /// How inputs and outputs of layers were scaled, by node index.
  let scalings: [Int: LinearScaling]
  let seconds: Double
  let blockSeconds: [Double]

  /// Whether the model leaves as it entered: norms change with the scalings that they take up.
  var changesNothing: Bool { replaced.isEmpty && scalings.isEmpty }
}

/// Runs one stage of a chain over a model: plan, analyze, allocate, compress block by block, finish.
struct StageRunner {
  let chain: Chain
  let stage: Chain.Stage
  let set: CalibrationSet?
  let settings: CalibrationSettings
  let progress: ProgressSink
  /// The model that entered the first stage.
  let original: Model
  /// Where the strategy's tensors outlive an interruption.
  var keptFolder: KeptFolder?

  /// The model as the stage leaves it. Replaced tensors are moved to the scratch file as each block is finished.
  func run(_ entering: Model) throws(PipelineError) -> StageResult {
    try PipelineError.wrapping(stage) {
      let clock = StageClock(blocks: entering.configuration.blockCount)
      let prepared = try measure(entering, clock)
      let changed = try compress(entering, prepared, clock)
      return StageResult(
        model: changed.model, replaced: changed.replaced, scalings: changed.scalings, seconds: clock.seconds,
        blockSeconds: clock.blockSeconds)
    }
  }

  /// Everything before the first replacement: afterwards the strategy knows what it will do.
  func prepare(_ entering: Model) throws(PipelineError) {
    _ = try PipelineError.wrapping(stage) {
      try measure(entering, StageClock(blocks: entering.configuration.blockCount))
    }
  }

  private struct Prepared {
    let environment: StageEnvironment
    let requests: [StatisticRequest]
  }

  private func measure(_ entering: Model, _ clock: StageClock) throws -> Prepared {
    let snapshot = ModelSnapshot(entering)
    let progress = progress
    var environment = try chain.environment(
      of: stage, entering: snapshot, keptFolder: keptFolder,
      progress: { _, text in if !text.isEmpty { progress.say(text) } })
    if let set {
      environment.training = try TrainingSource(
        entering: entering, original: stage.index > 0 ? original : nil, text: set, settings: settings)
    }
    let requests = try stage.instance.plan(environment, snapshot)
    if !requests.isEmpty, set == nil {
      throw chain.noCalibration(for: stage)
    }
    let blocks = entering.configuration.blockCount
    if stage.instance.analyzes {
      let activity = "\(stage.info.id): analyze"
      let pass = try pass(entering, requests, .analyze)
      for block in 0..<blocks {
        try check()
        progress.step(activity, block, of: blocks)
        try clock.time(block) {
          let statistics = try pass?.collect(block: block)
          try stage.instance.analyze(block: block, environment, snapshot, statistics)
          entering.evict(block: block)
        }
      }
      progress.step(activity, blocks, of: blocks)
    }
    try check()
    try stage.instance.allocate(environment, snapshot)
    return Prepared(environment: environment, requests: requests)
  }

  /// The model so far, with what was changed.
  private struct Changed {
    var model: Model
    var replaced: Set<Int> = []
    var scalings: [Int: LinearScaling] = [:]
  }

  private func compress(
    _ entering: Model, _ prepared: Prepared, _ clock: StageClock
  ) throws -> Changed {
    let blocks = entering.configuration.blockCount
    let activity = "\(stage.info.id): compress"
    let environment = prepared.environment
    var now = Changed(model: entering)
    let pass = try pass(entering, prepared.requests, .compress)
    for block in 0..<blocks {
      try check()
      progress.step(activity, block, of: blocks)
      try clock.time(block) {
        let statistics = try pass?.collect(block: block)
        let snapshot = ModelSnapshot(now.model)
        try apply(stage.instance.compress(block: block, environment, snapshot, statistics), to: &now)
        try pass?.advance(block: block, through: now.model)
        entering.evict(block: block)
      }
    }
    if stage.selected.contains(where: { entering.nodes[$0].block == nil }) {
      let snapshot = ModelSnapshot(now.model)
      try apply(stage.instance.compress(block: nil, environment, snapshot, nil), to: &now)
    }
    try apply(stage.instance.finish(environment, ModelSnapshot(now.model)), to: &now)
    progress.step(activity, blocks, of: blocks)
    return now
  }

  private func pass(
    _ model: Model, _ requests: [StatisticRequest], _ phase: StatisticPhases
  ) throws(CalibrationError) -> StatisticsPass? {
    guard let set else { return nil }
    return try StatisticsPass(model, set: set, requests: requests, phase: phase, settings: settings)
  }

  private func apply(_ changes: StageChanges, to now: inout Changed) throws {
    for (index, linear) in changes.linears.sorted(by: { $0.key < $1.key }) {
      let kept = try linear.mapTensors { (tensor) throws(TensorError) in try settings.scratch.keep(tensor) }
      try now.model.replace(now.model.nodes[index], with: kept)
      now.replaced.insert(index)
    }
    for (name, vector) in changes.vectors.sorted(by: { $0.key < $1.key }) {
      try now.model.replace(name, with: vector)
    }
    now.scalings.append(changes.scalings)
  }

  private func check() throws(PipelineError) {
    if settings.isCancelled() { throw .cancelled }
  }
}
