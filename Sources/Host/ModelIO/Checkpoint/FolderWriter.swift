import Glibc
import Tensors

/// Writes a folder of weights, `config.json`, and the files that go along with a model.
///
/// Tensors are asked for one after the other, so they may be made when they are needed. The same tensors and texts
/// give the same bytes.
public struct FolderWriter: Sendable {
  private let plan: CheckpointPlan
  /// The folder the companions are copied from.
  private let source: String
  private let companions: [String]

  init(plan: CheckpointPlan, source: String, companions: [String]) {
    self.plan = plan
    self.source = source
    self.companions = companions
  }

  /// Plans a folder of these tensors, which may come in any order, with `configuration` as its `config.json` and
  /// the companions of `checkpoint` beside it.
  public init(
    _ entries: [SafetensorsEntry], configuration: JSON, companionsOf checkpoint: Checkpoint,
    maximumShardBytes: Int = 5_000_000_000
  ) throws(ModelIOError) {
    let plan = try CheckpointPlan(
      entries: entries, configuration: configuration, maximumShardBytes: maximumShardBytes,
      directory: checkpoint.directory)
    self.init(plan: plan, source: checkpoint.directory, companions: checkpoint.companionFiles)
  }

  /// Writes all files into `directory`, which must exist.
  /// - Parameters:
  ///   - texts: further files of the folder, by name.
  ///   - isCancelled: asked before each tensor and each file.
  ///   - tensor: the tensor of a name.
  public func write(
    into directory: String, texts: [(name: String, text: String)] = [], isCancelled: () -> Bool = { false },
    tensor: (String) throws(ModelIOError) -> Tensor
  ) throws(ModelIOError) -> CheckpointRecord {
    var files: [CheckpointRecord.File] = []
    var hashes: [String: String] = [:]
    for (name, writer) in plan.weights {
      let written = try writer.write(
        to: "\(directory)/\(name)", isCancelled: isCancelled
      ) { entry throws(ModelIOError) in try tensor(entry.name) }
      files.append(CheckpointRecord.File(name: name, byteCount: written.byteCount, hash: written.hash))
      hashes.merge(written.tensorHashes) { first, _ in first }
    }
    if let index = plan.index { files.append(try Self.write(index, as: WeightFiles.index, into: directory)) }
    files.append(try Self.write(plan.configuration, as: "config.json", into: directory))
    for (name, text) in texts { files.append(try Self.write(text, as: name, into: directory)) }
    for name in companions {
      guard !isCancelled() else { throw .cancelled }
      files.append(try copy(name, into: directory))
    }
    return CheckpointRecord(files: files, tensorHashes: hashes)
  }

  /// Writes a file of text into `directory`.
  public static func write(
    _ text: String, as name: String, into directory: String
  ) throws(ModelIOError) -> CheckpointRecord.File {
    let hash = try OutputFile.write(text, to: "\(directory)/\(name)")
    return CheckpointRecord.File(name: name, byteCount: text.utf8.count, hash: hash)
  }

  /// Makes an empty folder inside `directory`.
  public static func makeFolder(_ name: String, in directory: String) throws(ModelIOError) {
    guard mkdir("\(directory)/\(name)", 0o755) == 0 else {
      throw .output(path: "\(directory)/\(name)", .notWritable(reason: FilePath.reason(errno)))
    }
  }

  private func copy(_ name: String, into directory: String) throws(ModelIOError) -> CheckpointRecord.File {
    let file: MappedFile
    do { file = try MappedFile(path: "\(source)/\(name)") } catch { throw .system(error) }
    let bytes = UnsafeRawBufferPointer(start: file.storage.base, count: file.byteCount)
    let hash = try OutputFile.write(bytes, to: "\(directory)/\(name)")
    return CheckpointRecord.File(name: name, byteCount: file.byteCount, hash: hash)
  }
}
