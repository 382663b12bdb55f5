import Graph
import PluginHost

/// What a chain will make of a model, known before the work.
public struct ChainForecast: Sendable {
  /// One stage's effect.
  public struct Stage: Sendable {
    public let index: Int
    public let strategy: String
    public let bytesBefore: Int
    /// Nil when the strategy cannot tell.
    public let bytesAfter: Int?
    /// The most bytes the stage may leave, in the prices of the finished checkpoint; nil without a budget.
    public let budget: Int?
  }

  public let stages: [Stage]
  /// The forms at the end; nil when a strategy could not tell.
  public let model: ModelSnapshot?
  /// Whether every form is certain. A stage that distributes a budget by what it measures can only promise its
  /// total, which the forecast states.
  public let isExact: Bool

  /// The stage whose strategy cannot tell, if there is one; nothing is known of those after it.
  public var unknown: Stage? { stages.first { $0.bytesAfter == nil } }
}

extension Chain {
  /// A stage asks for statistics, and the recipe has no text.
  func noCalibration(for stage: Stage) -> PipelineError {
    .recipe(
      path: recipe.path, key: "calibration",
      reason:
        "strategy \"\(stage.info.id)\" of stage \(stage.index) needs it; add `calibration: { text: [\"file.txt\"] }`"
    )
  }

  /// Asks every strategy what it would do, in order, without touching a weight. Stages in `measured` already know.
  public func forecast(_ model: ModelSnapshot, measured: Set<Int> = []) throws(PipelineError) -> ChainForecast
  {
    var current: ModelSnapshot? = model.shapesOnly
    var result: [ChainForecast.Stage] = []
    var isExact = true
    for stage in stages {
      guard let entering = current else { break }
      let environment = try environment(of: stage, entering: entering)
      var leaving: ModelSnapshot? = entering
      var readsText = false
      do {
        if !measured.contains(stage.index) {
          readsText = try !stage.instance.plan(environment, entering).isEmpty
        }
        for index in stage.selected.sorted() {
          let form = try stage.instance.forecast(entering.nodes[index], environment, entering)
          guard let form else {
            leaving = nil
            break
          }
          leaving?.forms[index] = form
        }
      } catch {
        throw .plugin(error)
      }
      if readsText, recipe.calibration == nil { throw noCalibration(for: stage) }
      if stage.info.takesBudget, !measured.contains(stage.index) { isExact = false }
      result.append(
        ChainForecast.Stage(
          index: stage.index, strategy: stage.info.id, bytesBefore: entering.byteCount,
          bytesAfter: leaving?.byteCount, budget: environment.budget))
      current = leaving
    }
    return ChainForecast(stages: result, model: current, isExact: isExact)
  }
}
