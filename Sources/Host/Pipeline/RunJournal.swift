import Calibration
import Foundation
import Graph
import ModelIO
import PluginHost

/// What an interrupted run leaves for the next: a hidden folder beside the output.
///
///     .NAME.journal/run.json         all inputs of the run; a journal of other inputs is refused
///     .NAME.journal/stage-N/         the model as stage N left it, a folder like any other
///     .NAME.journal/stage-N.json     what the stage reported and the SHA-256 of the model's files, sealed by its own;
///                                    written last, so it says that the model is whole
///     .NAME.journal/kept-N/          tensors that the strategy of stage N keeps
///
/// The result of a resumed run is the same bytes as that of one without interruption.
struct RunJournal {
  let path: String

  /// Opens the journal for the output at `finalPath`, or begins one for the run with these inputs.
  init(for finalPath: String, run: JSON) throws {
    path = Self.path(beside: finalPath)
    let record = "\(path)/run.json"
    guard FileManager.default.fileExists(atPath: record) else {
      try Self.makeFolder(path)
      try Self.write(run, to: record)
      return
    }
    let found = try Self.read(record)
    // As text, since 1.0 and 1 are the same once written.
    for (key, value) in run.objectValue ?? JSONObject() where found[key]?.text() != value.text() {
      let stages = (0..<(run["plugins"]?.arrayValue?.count ?? 0)).reversed()
      let finished = stages.first { FileManager.default.fileExists(atPath: recordPath($0)) }
      throw PipelineError.otherJournal(
        path: path, difference: Self.difference(key, found, run), model: finished.map(modelPath))
    }
  }

  /// What differs, in words.
  private static func difference(_ key: String, _ found: JSON, _ run: JSON) -> String {
    switch key {
    case "version": "the version of Lathe"
    case "blas_core": "the processor, or the kernels chosen for it,"
    case "source": "the model"
    case "plugins":
      // Their number is that of the stages, and the recipe was compared before.
      zip(run["plugins"]?.arrayValue ?? [], found["plugins"]?.arrayValue ?? []).enumerated()
        .first { $0.element.0.text() != $0.element.1.text() }
        .map { "the plugin of stage \($0.offset), \($0.element.0["file"]?.stringValue ?? "")," } ?? "a plugin"
    case "recipe":
      found[key].flatMap { old in run[key].flatMap { Self.place(old, $0) } }.map { "\($0) of the recipe" }
        ?? "the recipe"
    default: "the \(key)"
    }
  }

  /// Where two documents first differ, as `stages.0.keep`; nil where they do not, or as a whole.
  private static func place(_ old: JSON, _ new: JSON) -> String? {
    let members: [(name: String, old: JSON?, new: JSON?)]
    if let before = old.objectValue, let after = new.objectValue {
      members = (after.keys + before.keys.filter { after[$0] == nil }).map { ($0, before[$0], after[$0]) }
    } else if let before = old.arrayValue, let after = new.arrayValue {
      members = (0..<max(before.count, after.count)).map { index in
        (
          "\(index)", before.indices.contains(index) ? before[index] : nil,
          after.indices.contains(index) ? after[index] : nil
        )
      }
    } else {
      return nil
    }
    guard let first = members.first(where: { $0.old?.text() != $0.new?.text() }) else { return nil }
    let inner = first.old.flatMap { old in first.new.flatMap { place(old, $0) } }
    return ([first.name] + (inner.map { [$0] } ?? [])).joined(separator: ".")
  }

  static func path(beside finalPath: String) -> String {
    let output = URL(filePath: finalPath)
    return output.deletingLastPathComponent().appending(path: ".\(output.lastPathComponent).journal").path
  }

  /// Where the strategy of `stage` keeps tensors. Where one of them is damaged all are forgotten: to the strategy it is
  /// as if the run had been interrupted before it kept the first.
  func keptFolder(of stage: Chain.Stage, log: (LogLevel, String) -> Void) throws -> KeptFolder {
    let folder = KeptFolder(path: "\(path)/kept-\(stage.index)")
    try Self.makeFolder(folder.path)
    if let file = try folder.damagedFile() {
      log(
        .warning,
        "\(file) is not as it was written; stage \(stage.index) (\(stage.info.id)) computes again what it had kept"
      )
      do { try FileManager.default.removeItem(atPath: folder.path) } catch {
        throw PipelineError.journal(path: folder.path, reason: SystemReason.text(of: error))
      }
      try Self.makeFolder(folder.path)
    }
    return folder
  }

  /// The model that `stage` left and what it reported, if it was finished. Only what has the hashes of when it was
  /// filed is taken over.
  func finished(
    _ stage: Chain.Stage, entering: Model, isCancelled: () -> Bool
  ) throws -> (Model, StageOutcome)? {
    let record = recordPath(stage.index)
    guard FileManager.default.fileExists(atPath: record) else { return nil }
    guard let entry = StageJournalEntry(json: try unsealed(record)) else {
      throw PipelineError.journal(path: record, reason: "it is not the report of this stage")
    }
    try checkFiles(of: stage.index, entry.hashes, isCancelled: isCancelled)
    let model = try Checkpoint(directory: modelPath(stage.index)).model
    guard model.nodes.map(\.name) == entering.nodes.map(\.name),
      entry.replaced.allSatisfy(model.nodes.indices.contains)
    else { throw PipelineError.journal(path: record, reason: "it is not the report of this stage") }
    entry.restore(stage.report)
    let outcome = StageOutcome(
      stage, entering: entering, leaving: model, replaced: entry.replaced, scalings: entry.scalings,
      seconds: entry.seconds, blockSeconds: entry.blockSeconds)
    return (model, outcome)
  }

  /// Files a finished stage. The model of the last one is about to be the output and is not written twice.
  func record(_ outcome: StageOutcome, _ model: Model, of source: Checkpoint, isLast: Bool) throws {
    guard !isLast else { return }
    let folder = try AtomicFolder(modelPath(outcome.index), replaceExisting: true)
    defer { folder.discard() }
    let written = try CheckpointWriter(source: source).write(model, into: folder.path)
    try folder.commit()
    let entry = StageJournalEntry(outcome, nodes: model.nodes.count, written: written)
    try Self.write(Self.sealed(entry.json), to: recordPath(outcome.index))
    try? FileManager.default.removeItem(atPath: "\(path)/kept-\(outcome.index)")
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  func modelPath(_ stage: Int) -> String { "\(path)/stage-\(stage)" }
  func recordPath(_ stage: Int) -> String { "\(path)/stage-\(stage).json" }

  private static func makeFolder(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw PipelineError.journal(path: path, reason: SystemReason.text(of: error))
    }
  }

  /// Whole or not at all.
  private static func write(_ json: JSON, to path: String) throws {
    do { try Data(json.text().utf8).write(to: URL(filePath: path), options: .atomic) } catch {
      throw PipelineError.journal(path: path, reason: SystemReason.text(of: error))
    }
  }

  static func read(_ path: String) throws -> JSON {
    do { return try JSON(contentsOfFile: path) } catch {
      throw PipelineError.journal(path: path, reason: "\(error)")
    }
  }
}
