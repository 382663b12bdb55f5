import Calibration
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Tensors

/// The stages of a recipe, matched with plugins and checked against a model: ready to forecast or to run.
public struct Chain: Sendable {
  /// A stage with its plugin at work.
  public struct Stage: Sendable {
    public let index: Int
    public let recipe: Recipe.Stage
    public let library: PluginLibrary
    public let info: StrategyInfo
    public let parameters: ParameterValues
    public let selected: Set<Int>
    public let instance: StrategyInstance
    /// The environment without a budget, which depends on the model as it enters the stage.
    let base: StageEnvironment
    public var report: StageReport { base.report }
  }

  public let recipe: Recipe
  public let stages: [Stage]

  /// Finds and creates every strategy. Later stages come first, since they price the forms of earlier ones.
  public init(
    _ recipe: Recipe, model: ModelSnapshot, plugins: PluginSearch, runtime: ChainRuntime
  ) throws(PipelineError) {
    var later: [Stage] = []
    for index in recipe.stages.indices.reversed() {
      later.insert(
        try Self.stage(index, recipe, model: model, plugins: plugins, runtime: runtime, later: later), at: 0)
    }
    self.recipe = recipe
    stages = later
  }

  private static func stage(
    _ index: Int, _ recipe: Recipe, model: ModelSnapshot, plugins: PluginSearch, runtime: ChainRuntime,
    later: [Stage]
  ) throws(PipelineError) -> Stage {
    let own = recipe.stages[index]
    do {
      let (library, position) = try plugins.strategy(own.strategy, hash: own.pluginHash)
      let info = library.strategies[position]
      let parameters = try ParameterValues(own.parameters, for: info)
      let selected = try selection(own, index: index, nodes: model.nodes)
      let overridden = try overrides(own, index: index, info, path: recipe.path, of: selected, model.nodes)
      if info.takesBudget, own.keep == nil {
        throw PipelineError.recipe(
          path: recipe.path, key: "stages.\(index).keep",
          reason:
            "strategy \"\(info.id)\" needs it: the share of the selected layers' bytes that stays, as 0.8")
      }
      if !info.takesBudget, own.keep != nil {
        throw PipelineError.recipe(
          path: recipe.path, key: "stages.\(index).keep",
          reason: "strategy \"\(info.id)\" takes no budget; its size follows from its parameters")
      }
      var environment = StageEnvironment(
        seed: own.seed ?? recipe.seed, stage: index, workers: runtime.workers, selected: selected,
        price: { node, form in try price(form, of: node, model: model, through: later) },
        scratch: runtime.scratch, isCancelled: runtime.isCancelled, log: runtime.log, progress: { _, _ in })
      environment.nodeParameters = overridden
      if own.isIsolated, runtime.isolation == nil {
        throw PipelineError.recipe(
          path: recipe.path, key: "stages.\(index).isolate",
          reason: "this run has no program to start as a worker process")
      }
      let instance = try StrategyInstance(
        library, index: position, parameters: parameters, environment: environment, snapshot: model,
        isolation: own.isIsolated ? runtime.isolation : nil)
      return Stage(
        index: index, recipe: own, library: library, info: info, parameters: parameters, selected: selected,
        instance: instance, base: environment)
    } catch let error as PluginHostError {
      throw .plugin(error, at: "stages.\(index)", of: recipe.path)
    } catch let error as PipelineError {
      throw error
    } catch {
      throw .stage(index: index, strategy: own.strategy, reason: "\(error)")
    }
  }

  private static func selection(
    _ stage: Recipe.Stage, index: Int, nodes: [Node]
  ) throws(PipelineError) -> Set<Int> {
    if let pattern = stage.selection.unmatched(in: nodes).first {
      throw .stage(
        index: index, strategy: stage.strategy,
        reason: "the pattern \"\(pattern)\" matches no layer; see `lathe inspect` for their names")
    }
    let selected = Set(nodes.filter { stage.selection.contains($0) }.map(\.index))
    guard !selected.isEmpty else {
      throw .stage(index: index, strategy: stage.strategy, reason: "include and exclude leave no layer")
    }
    return selected
  }

  /// Bytes of `form` in the finished checkpoint: after every later stage whose result follows from the form alone.
  /// A later stage with a budget of its own would cut every form to the same share, so it changes no comparison.
  static func price(
    _ form: LinearForm, of node: Node, model: ModelSnapshot, through later: [Stage]
  ) throws -> Int {
    var form = form
    for stage in later where !stage.info.takesBudget {
      form = try stage.instance.forecast(node, stage.base, model.with(form, at: node)) ?? form
    }
    return form.byteCount
  }

  /// The environment of a stage that `model` enters: with its budget, `keep` times the price of what is there.
  func environment(
    of stage: Stage, entering model: ModelSnapshot, keptFolder: KeptFolder? = nil,
    progress: @escaping @Sendable (Double, String) -> Void = { _, _ in }
  ) throws(PipelineError) -> StageEnvironment {
    var environment = stage.base
    environment.progress = progress
    environment.keptFolder = keptFolder
    guard let keep = stage.recipe.keep else { return environment }
    do {
      let price = try stage.selected.reduce(0) { sum, index in
        try sum + environment.price(model.nodes[index], model.forms[index])
      }
      environment.budget = Int((keep * Double(price)).rounded(.down))
    } catch {
      throw .stage(index: stage.index, strategy: stage.info.id, reason: "\(error)")
    }
    return environment
  }
}

/// What a chain needs besides recipe and model.
public struct ChainRuntime: Sendable {
  public var workers: Workers
  public var scratch: ScratchFile?
  public var isCancelled: @Sendable () -> Bool
  public var log: @Sendable (LogLevel, String) -> Void
  /// How isolated stages are run; nil where none may be.
  public var isolation: Isolation?

  public init(
    workers: Workers, scratch: ScratchFile? = nil, isCancelled: @escaping @Sendable () -> Bool = { false },
    log: @escaping @Sendable (LogLevel, String) -> Void = { _, _ in }, isolation: Isolation? = nil
  ) {
    self.workers = workers
    self.scratch = scratch
    self.isCancelled = isCancelled
    self.log = log
    self.isolation = isolation
  }
}
