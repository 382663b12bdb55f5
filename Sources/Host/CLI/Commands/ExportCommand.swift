import Export
import Graph
import ModelIO

/// `lathe export`
enum ExportCommand: Command {
  static let name = "export"
  static let summary = "write a model in a format that other software opens"
  static var discussion: String {
    let width = (ExportFormats.all.map(\.name.count).max() ?? 0) + 2
    let formats = ExportFormats.all.map { "  \($0.name.padding(to: width))\($0.summary)" }
    return """
      formats:
      \(formats.joined(separator: "\n"))

      What a format cannot hold is refused before anything is written. The output appears whole or not at all. See
      docs/FORMATS.md for what loads where.
      """
  }
  static let options: [Option] = [
    .model, .value("format", "F", "one of the formats above", required: true),
    .value("output", "PATH", "the folder or file to make; must not exist", required: true),
    .value(
      "dtype", "T",
      "type of what is stored as numbers: f32, f16, bf16; for gguf also q8_0, q4_k, ... (default: as it is)"),
    .value("embedding-type", "T", "gguf: type of the embedding and the head (default: at least q8_0)"),
    .flag("remultiply", "multiply factors out where the format has none"), .threads,
    .flag("force", "replace the output if it exists, once the new one is complete"), .json,
  ]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    let format: any ExportFormat
    do { format = try ExportFormats.named(arguments.required("format")) } catch {
      throw UsageError("--format: \(error)")
    }
    let run = ExportRun(
      format: format,
      options: ExportOptions(
        type: arguments["dtype"], embeddingType: arguments["embedding-type"],
        remultiplies: arguments.has("remultiply")),
      output: arguments.required("output"), replacesOutput: arguments.has("force"))
    let checkpoint = try Checkpoint(directory: arguments.required("model"))
    _ = try run.check(checkpoint, forms: checkpoint.model.linears.map(\.form))
    let report = try run.write(
      checkpoint.model, from: checkpoint, workers: session.workers, isCancelled: session.isCancelled)
    for warning in report.warnings { session.note("warning: \(warning)") }
    session.isJSON ? session.print(json(report)) : session.print(text(report))
    return .done
  }

  static func text(_ report: ExportReport) -> String {
    "\(report.output): \(report.format), \(report.byteCount) bytes in \(report.files.count) files"
  }

  static func json(_ report: ExportReport) -> JSON {
    [
      "format": .string(report.format), "output": .string(report.output),
      "warnings": .array(report.warnings.map(JSON.string)),
      "files": .array(report.files.map { ["name": .string($0.name), "bytes": .integer($0.byteCount)] }),
    ]
  }
}
