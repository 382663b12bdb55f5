import Calibration
import Graph
import ModelIO
import Pipeline
import PluginHost

/// `lathe plan`
enum PlanCommand: Command {
  static let name = "plan"
  static let summary = "check a recipe against a model and forecast the result's size, without doing the work"
  static let discussion = """
    Everything that compress checks before its work is checked here, the calibration text included, but for the
    numbers of the weights, which are not read. Sizes are exact to the byte, unless a stage divides a budget by
    what it measures: then the total is exact within one rank and never above its target, and the sizes of single
    layers may move against each other. --exact makes the first stage's measurements, which takes its time over
    the calibration text, and forecasts from them.
    """
  static let options: [Option] =
    [
      .model, .recipe, .set, .seed,
      .flag("exact", "measure what the first stage measures, so that its ranks are known"), .threads, .json,
    ] + PluginArguments.options + PluginArguments.isolationOptions

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    var recipe = try RecipeArguments.recipe(arguments)
    let isolation = try PluginArguments.isolation(arguments, &recipe)
    let plugins = try PluginArguments.search(arguments, isolation: isolation)
    let plan = try CompressionPlan(
      model: arguments.required("model"), recipe: recipe, plugins: plugins, measures: arguments.has("exact"),
      workers: session.workers, isCancelled: session.isCancelled, log: session.log,
      progress: session.display.sink, isolation: isolation)
    if session.isJSON {
      session.print(json(plan.forecast, plan.files, plan.model, plan.calibration))
    } else {
      session.print(text(plan.forecast, plan.files, plan.model, plan.calibration))
    }
    return .done
  }

  private static func text(
    _ forecast: ChainForecast, _ files: CheckpointForecast?, _ before: ModelSnapshot, _ set: CalibrationSet?
  ) -> String {
    var stages = TextTable(["stage", "bytes before", "bytes after", "budget"], rightAligned: [1, 2, 3])
    for stage in forecast.stages {
      stages.add([
        "\(stage.index) \(stage.strategy)", "\(stage.bytesBefore)",
        stage.bytesAfter.map { "\($0)" } ?? "unknown", stage.budget.map { "\($0)" } ?? "",
      ])
    }
    var lines = [stages.text]
    // Beside a budget the bytes after its stage look too many, or too few.
    if forecast.stages.contains(where: { $0.budget != nil && $0.index + 1 < forecast.stages.count }) {
      lines += ["", "a budget counts what the layers take in the finished folder, after the later stages"]
    }
    lines.append("")
    if let set {
      lines.append(
        "calibration: \(set.usedCount) of \(set.tokenCount) tokens in \(set.windows.count) windows")
    }
    guard let after = forecast.model, let files else {
      let who = forecast.unknown.map { "stage \($0.index), strategy \"\($0.strategy)\"," } ?? "a strategy"
      return (lines + ["the size is unknown: \(who) cannot forecast"]).joined(separator: "\n")
    }
    var layers = TextTable(
      ["layer", "shape", "rank", "bytes before", "bytes after"], rightAligned: [2, 3, 4])
    for node in before.nodes where before.forms[node.index] != after.forms[node.index] {
      let form = after.forms[node.index]
      layers.add([
        node.name, "\(node.outFeatures)x\(node.inFeatures)", "\(form.rank)",
        "\(before.forms[node.index].byteCount)", "\(form.byteCount)",
      ])
    }
    lines += [layers.text, ""]
    lines.append("tensors: \(after.byteCount) of \(before.byteCount) bytes")
    lines.append(
      "files: \(files.byteCount) bytes (\(files.files.map { "\($0.name) \($0.byteCount)" }.joined(separator: ", ")))"
    )
    lines.append(
      forecast.isExact
        ? "every size is exact"
        : "a stage divides its budget by what it measures: layers may differ, the total stays within one rank (see --exact)"
    )
    return lines.joined(separator: "\n")
  }

  private static func json(
    _ forecast: ChainForecast, _ files: CheckpointForecast?, _ before: ModelSnapshot, _ set: CalibrationSet?
  ) -> JSON {
    var object = JSONObject()
    object["exact"] = .bool(forecast.isExact && forecast.model != nil)
    object["cannot_forecast"] = forecast.unknown.map { .string($0.strategy) } ?? .null
    object["tensor_bytes_before"] = .integer(before.byteCount)
    object["tensor_bytes_after"] = forecast.model.map { .integer($0.byteCount) } ?? .null
    object["file_bytes_after"] = files.map { .integer($0.byteCount) } ?? .null
    object["stages"] = .array(
      forecast.stages.map { stage in
        [
          "strategy": .string(stage.strategy), "bytes_before": .integer(stage.bytesBefore),
          "bytes_after": stage.bytesAfter.map(JSON.integer) ?? .null,
          "budget_bytes": stage.budget.map(JSON.integer) ?? .null,
        ]
      })
    object["files"] = .array(
      (files?.files ?? []).map { ["name": .string($0.name), "bytes": .integer($0.byteCount)] })
    if let after = forecast.model {
      object["linears"] = .array(
        before.nodes.map { node in
          [
            "name": .string(node.name), "shape": [.integer(node.outFeatures), .integer(node.inFeatures)],
            "rank": .integer(after.forms[node.index].rank),
            "bytes_before": .integer(before.forms[node.index].byteCount),
            "bytes": .integer(after.forms[node.index].byteCount),
          ]
        })
    }
    if let set {
      object["calibration_tokens"] = ["total": .integer(set.tokenCount), "used": .integer(set.usedCount)]
    }
    return .object(object)
  }
}
