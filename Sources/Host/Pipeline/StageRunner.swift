import Calibration
import Graph
import LinearAlgebra
import PluginHost
import Runtime
import Tensors

/// Runs one stage of a chain over a model: plan, analyze, allocate, compress block by block, finish.
struct StageRunner {
  let chain: Chain
  let stage: Chain.Stage
  let set: CalibrationSet?
  let settings: CalibrationSettings
  let progress: ProgressSink

  /// The model as the stage leaves it. Replaced tensors are moved to the scratch file as each block is finished.
  func run(_ entering: Model) throws(PipelineError) -> Model {
    try PipelineError.wrapping(stage) { try compress(entering, try measure(entering)) }
  }

  /// Everything before the first replacement: afterwards the strategy knows what it will do.
  func prepare(_ entering: Model) throws(PipelineError) {
    _ = try PipelineError.wrapping(stage) { try measure(entering) }
  }

  private struct Prepared {
    let environment: StageEnvironment
    let requests: [StatisticRequest]
  }

  private func measure(_ entering: Model) throws -> Prepared {
    let snapshot = ModelSnapshot(entering)
    let environment = try chain.environment(of: stage, entering: snapshot)
    let requests = try stage.instance.plan(environment, snapshot)
    if !requests.isEmpty, set == nil {
      throw PipelineError.stage(
        index: stage.index, strategy: stage.info.id,
        reason: "it needs calibration text; add `calibration: { text: [\"file.txt\"] }` to the recipe")
    }
    let blocks = entering.configuration.blockCount
    if stage.instance.analyzes {
      let activity = "\(stage.info.id): analyze"
      let pass = try pass(entering, requests, .analyze)
      for block in 0..<blocks {
        try check()
        progress.step(activity, block, of: blocks)
        let statistics = try pass?.collect(block: block)
        try stage.instance.analyze(block: block, environment, snapshot, statistics)
        entering.evict(block: block)
      }
      progress.step(activity, blocks, of: blocks)
    }
    try check()
    try stage.instance.allocate(environment, snapshot)
    return Prepared(environment: environment, requests: requests)
  }

  private func compress(_ entering: Model, _ prepared: Prepared) throws -> Model {
    let blocks = entering.configuration.blockCount
    let activity = "\(stage.info.id): compress"
    let environment = prepared.environment
    var model = entering
    let pass = try pass(entering, prepared.requests, .compress)
    for block in 0..<blocks {
      try check()
      progress.step(activity, block, of: blocks)
      let statistics = try pass?.collect(block: block)
      let now = ModelSnapshot(model)
      try apply(try stage.instance.compress(block: block, environment, now, statistics), to: &model)
      try pass?.advance(block: block, through: model)
      entering.evict(block: block)
    }
    if stage.selected.contains(where: { entering.nodes[$0].block == nil }) {
      try apply(try stage.instance.compress(block: nil, environment, ModelSnapshot(model), nil), to: &model)
    }
    try apply(try stage.instance.finish(environment, ModelSnapshot(model)), to: &model)
    progress.step(activity, blocks, of: blocks)
    return model
  }

  private func pass(
    _ model: Model, _ requests: [StatisticRequest], _ phase: StatisticPhases
  ) throws(CalibrationError) -> StatisticsPass? {
    guard let set else { return nil }
    return try StatisticsPass(model, set: set, requests: requests, phase: phase, settings: settings)
  }

  private func apply(_ replacements: [Int: Linear], to model: inout Model) throws {
    for (index, linear) in replacements.sorted(by: { $0.key < $1.key }) {
      let kept = try linear.mapTensors { (tensor) throws(TensorError) in try settings.scratch.keep(tensor) }
      try model.replace(model.nodes[index], with: kept)
    }
  }

  private func check() throws(PipelineError) {
    if settings.isCancelled() { throw .cancelled }
  }
}
