import Calibration
import Export
import Foundation
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Tensors

/// A whole compression: folder in, recipe, folder out.
public struct CompressionRun: Sendable {
  public var model: String
  public var recipe: Recipe
  public var output: String
  public var plugins: PluginSearch
  public var replacesOutput = false
  /// Whether finished stages are journalled beside the output, and those of an interrupted run taken over.
  public var resumes = false
  public var workers: Workers
  public var isCancelled: @Sendable () -> Bool
  public var log: @Sendable (LogLevel, String) -> Void
  public var progress: ProgressSink
  /// How isolated stages are run; nil where none may be.
  public var isolation: Isolation?

  public init(
    model: String, recipe: Recipe, output: String, plugins: PluginSearch, replacesOutput: Bool = false,
    workers: Workers, isCancelled: @escaping @Sendable () -> Bool = { false },
    log: @escaping @Sendable (LogLevel, String) -> Void = { _, _ in },
    progress: ProgressSink = ProgressSink(),
    isolation: Isolation? = nil
  ) {
    self.model = model
    self.recipe = recipe
    self.output = output
    self.plugins = plugins
    self.replacesOutput = replacesOutput
    self.workers = workers
    self.isCancelled = isCancelled
    self.log = log
    self.progress = progress
    self.isolation = isolation
  }

  /// The folder in which an interrupted run with this output keeps what is finished; nil where there is none.
  public static func journal(besideOutput output: String) -> String? {
    let path = RunJournal.path(beside: URL(filePath: output).resolvingSymlinksInPath().path)
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// Runs all stages, checks what was written by reading it again, and publishes the folder.
  public func run() throws(PipelineError) -> CompressionReport {
    try PipelineError.wrapping { try compress() }
  }

  private func compress() throws -> CompressionReport {
    let checkpoint = try Checkpoint(directory: model)
    let recipe = CalibrationSource.settle(recipe, for: checkpoint.model, log: log)
    // Everything that can be refused is refused before the first second of work.
    let folder = try AtomicFolder(output, replaceExisting: replacesOutput)
    defer { folder.discard() }
    let scratch = try ScratchFile(directory: folder.path)
    let runtime = ChainRuntime(
      workers: workers, scratch: scratch, isCancelled: isCancelled, log: log, isolation: isolation)
    let chain = try Chain(recipe, model: ModelSnapshot(checkpoint.model), plugins: plugins, runtime: runtime)
    let exports = try RecipeExports(recipe, main: output, replaces: replacesOutput)
    // By a chain of its own, so that the one that runs has not planned yet. Where a strategy cannot forecast, only the
    // run itself tells.
    if !exports.runs.isEmpty || recipe.calibration == nil {
      let snapshot = ModelSnapshot(checkpoint.model)
      let runtime = ChainRuntime(workers: workers, isCancelled: isCancelled, isolation: isolation)
      let forecast = try Chain(recipe, model: snapshot, plugins: plugins, runtime: runtime).forecast(snapshot)
      if let forms = forecast.model?.forms {
        for warning in try exports.check(checkpoint, forms: forms) { log(.warning, warning) }
      }
    }
    try checkSpace(checkpoint, of: folder)
    let set = try CalibrationSource.load(recipe, checkpoint: checkpoint)
    try WeightCheck.run(
      checkpoint.model, directory: checkpoint.directory, workers: workers, isCancelled: isCancelled)
    let settings = CalibrationSettings(
      seed: recipe.seed, workers: workers, scratch: scratch, isCancelled: isCancelled)

    var current = checkpoint.model
    var outcomes: [StageOutcome] = []
    let journal =
      try resumes
      ? RunJournal(for: folder.finalPath, run: .object(ProvenanceRecord.inputs(checkpoint, chain))) : nil
    for stage in chain.stages {
      let entering = current
      if let (model, outcome) = try journal?.finished(stage, entering: entering, isCancelled: isCancelled) {
        log(.info, "stage \(stage.index) (\(stage.info.id)) was finished before and is taken over")
        current = model
        outcomes.append(outcome)
        continue
      }
      let runner = StageRunner(
        chain: chain, stage: stage, set: set, settings: settings, progress: progress,
        original: checkpoint.model, keptFolder: try journal?.keptFolder(of: stage, log: log))
      let result = try runner.run(entering)
      if result.changesNothing {
        log(
          .warning,
          "stage \(stage.index), strategy \"\(stage.info.id)\", replaced no layer: the model leaves it as it came"
        )
      }
      current = result.model
      outcomes.append(StageOutcome(stage, entering: entering, result: result))
      try journal?.record(
        outcomes[stage.index], current, of: checkpoint, isLast: stage.index + 1 == chain.stages.count)
    }
    let replaced = Set(outcomes.flatMap(\.replaced))
    var scalings: [Int: LinearScaling] = [:]
    for outcome in outcomes {
      scalings.append(outcome.scalings)
    }
    let errors = try measure(checkpoint.model, unscaled(current, scalings), replaced, set, settings)
    let writer = CheckpointWriter(source: checkpoint)
    progress.step("write", 0, of: 1)
    let written = try writer.write(
      current, into: folder.path, texts: outcomes.compactMap(StageCurves.file), isCancelled: isCancelled)
    progress.step("write", 1, of: 1)
    var report = CompressionReport(
      recipe: recipe, checkpoint: checkpoint, chain: chain, outcomes: outcomes, result: current,
      errors: errors, scalings: scalings, set: set, written: written)
    let record = try ProvenanceRecord(report, checkpoint: checkpoint, chain: chain, written: written)
    try record.write(into: folder.path)
    try readBack(folder.path, expected: current, written: written)
    if isCancelled() { throw PipelineError.cancelled }
    try folder.commit()
    journal?.remove()
    // From the folder as it is now: its config.json knows of biases that a strategy added.
    let published = try Checkpoint(directory: folder.finalPath)
    report.exports = try exports.write(
      published.model, from: published, workers: workers, isCancelled: isCancelled)
    return report
  }

  /// The same layers for the inputs and outputs of the original model.
  private func unscaled(_ model: Model, _ scalings: [Int: LinearScaling]) throws -> Model {
    var model = model
    for (index, scaling) in scalings {
      let linear = try model.linears[index].enclosed(dividing: scaling.input, multiplying: scaling.output)
      try model.replace(model.nodes[index], with: linear)
    }
    return model
  }

  private func measure(
    _ original: Model, _ compressed: Model, _ replaced: Set<Int>, _ set: CalibrationSet?,
    _ settings: CalibrationSettings
  ) throws(CalibrationError) -> [Int: Double] {
    guard let set else { return [:] }
    let blocks = original.configuration.blockCount
    let errors = try LayerErrors.measure(
      original: original, compressed: compressed, replaced: replaced, set: set, settings: settings
    ) { progress.step("measure", $0, of: blocks) }
    progress.step("measure", blocks, of: blocks)
    return errors
  }

  /// The scratch file may hold as much as the weights, the output at most as much again, and the worker of each
  /// isolated stage copies of what it sees of the scratch file.
  private func checkSpace(_ checkpoint: Checkpoint, of folder: AtomicFolder) throws(PipelineError) {
    let workers = isolation == nil ? 0 : recipe.stages.count(where: \.isIsolated)
    let needed = (2 + workers) * ModelSnapshot(checkpoint.model).byteCount
    let values = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
    guard let free = (values?[.systemFreeSize] as? NSNumber)?.intValue, free < needed else { return }
    throw .noSpace(path: folder.finalPath, needed: needed, free: free)
  }

  /// Opens the new folder as anybody would and compares every tensor's bytes with what was meant.
  private func readBack(_ path: String, expected: Model, written: CheckpointRecord) throws {
    progress.step("check", 0, of: 1)
    let again = try Checkpoint(directory: path)
    guard again.model.linears.map(\.form) == expected.linears.map(\.form) else {
      throw PipelineError.readBack(path: path, reason: "the layers have other shapes")
    }
    for (name, tensor) in again.model.storedTensors {
      if isCancelled() { throw PipelineError.cancelled }
      guard let hash = written.tensorHashes[name], SHA256.hex(of: tensor) == hash else {
        throw PipelineError.readBack(path: path, reason: "tensor \(name) differs")
      }
      tensor.evict()
    }
    progress.step("check", 1, of: 1)
  }
}
