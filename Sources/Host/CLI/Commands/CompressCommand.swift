import Foundation
import ModelIO
import Pipeline
import PluginHost

/// `lathe compress`
enum CompressCommand: Command {
  static let name = "compress"
  static let summary = "run a recipe on a model and write the smaller model as a new folder"
  static let discussion = """
    The output appears whole or not at all: it is written beside its place, read back, and renamed. It holds
    lathe.json, which says how every layer was made and how to check it (`lathe verify`). The same model, recipe
    and seed give the same bytes, whatever the number of threads.
    """
  static let options: [Option] =
    [
      .model, .recipe, .value("output", "DIR", "the folder to make; must not exist", required: true),
      .set, .seed, .threads,
      .flag("force", "replace the output folder if it exists, once the new one is complete"),
      .flag(
        "resume",
        "keep finished stages beside the output until the end, and go on where the same run was interrupted"),
      .json,
    ] + PluginArguments.options + PluginArguments.isolationOptions

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    var recipe = try RecipeArguments.recipe(arguments)
    let isolation = try PluginArguments.isolation(arguments, &recipe)
    let plugins = try PluginArguments.search(arguments, isolation: isolation)
    var run = CompressionRun(
      model: arguments.required("model"), recipe: recipe, output: arguments.required("output"),
      plugins: plugins,
      replacesOutput: arguments.has("force"), workers: session.workers, isCancelled: session.isCancelled,
      log: session.log, progress: session.display.sink, isolation: isolation)
    run.resumes = arguments.has("resume")
    let report = try run.run()
    if session.isJSON {
      var object = report.json(includingSeconds: true).objectValue ?? JSONObject()
      object["output"] = .string(arguments.required("output"))
      object["files"] = .array(
        report.files.map { ["name": .string($0.name), "bytes": .integer($0.byteCount)] })
      if !report.exports.isEmpty { object["outputs"] = .array(report.exports.map(ExportCommand.json)) }
      session.print(.object(object))
    } else {
      session.print(text(report, output: arguments.required("output")))
    }
    return .done
  }

  static func interruption(_ arguments: Arguments) -> String {
    guard arguments.has("resume"), let output = arguments["output"],
      let journal = CompressionRun.journal(besideOutput: output)
    else { return "interrupted; nothing was written" }
    return "interrupted; what is finished is kept in \(journal): the same command goes on from there, "
      + "and removing that folder discards it"
  }

  private static func text(_ report: CompressionReport, output: String) -> String {
    var table = TextTable(
      ["stage", "bytes before", "bytes after", "layers", "time"], rightAligned: [1, 2, 3, 4])
    for stage in report.stages {
      table.add([
        "\(stage.index) \(stage.strategy)", "\(stage.bytesBefore)", "\(stage.bytesAfter)",
        "\(stage.replaced.count)",
        ProgressDisplay.duration(stage.seconds),
      ])
    }
    var lines = [table.text, ""]
    if let set = report.calibration {
      lines.append(
        "calibration: \(set.usedCount) tokens used in \(set.windows.count) windows of \(set.context), "
          + "\(set.droppedCount) not chosen, \(set.truncatedCount) at the end left over")
    }
    let errors = report.layers.compactMap(\.relativeError)
    if let worst = errors.max() {
      let mean = errors.reduce(0, +) / Double(errors.count)
      lines.append(
        "error of the layers' outputs: mean \(Decimals.short(mean)), worst \(Decimals.short(worst))")
    }
    let share = Double(report.tensorBytesAfter) / Double(max(report.tensorBytesBefore, 1))
    lines.append(
      "\(output): \(report.tensorBytesAfter) of \(report.tensorBytesBefore) bytes (\(Decimals.percent(share))); "
        + "layers in blocks \(report.layerBytesAfter) of \(report.layerBytesBefore)")
    lines += report.exports.map(ExportCommand.text)
    return lines.joined(separator: "\n")
  }
}

/// The recipe that several commands take, with its overrides.
enum RecipeArguments {
  static func recipe(_ arguments: Arguments) throws -> Recipe {
    var overrides: [(key: String, value: String)] = []
    for text in arguments.all("set") {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw UsageError("--set \(text) is not of the form KEY=VALUE")
      }
      overrides.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
    }
    if let seed = try arguments.integer("seed", 0...Int.max) { overrides.append(("seed", "\(seed)")) }
    return try Recipe(path: arguments.required("recipe"), overrides: overrides)
  }
}
