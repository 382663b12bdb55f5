import Graph
import Tensors

/// Writes a model that came from a folder, and was changed, into another folder.
///
/// `config.json` keeps its order and all its values; only the layout of factored layers is set or removed.
/// Tokenizer, chat template and licence are copied byte for byte. The same model gives the same bytes.
public struct CheckpointWriter: Sendable {
  public let source: Checkpoint
  /// The most bytes of tensors in one file, unless one tensor alone has more.
  public let maximumShardBytes: Int

  public init(source: Checkpoint, maximumShardBytes: Int = 5_000_000_000) {
    self.source = source
    self.maximumShardBytes = maximumShardBytes
  }

  /// Writes all files into `directory`, which must exist.
  /// - Parameters:
  ///   - texts: further files of the folder, by name.
  ///   - isCancelled: asked before each tensor and each file.
  public func write(
    _ model: Model, into directory: String, texts: [(name: String, text: String)] = [],
    isCancelled: () -> Bool = { false }
  ) throws(ModelIOError) -> CheckpointRecord {
    let tensors = Dictionary(model.storedTensors, uniquingKeysWith: { first, _ in first })
    let plan = try plan(
      model.storedTensors.map { ($0.name, $0.tensor.elementType, $0.tensor.shape) },
      forms: model.linears.map(\.form), nodes: model.nodes, directory: directory)
    let folder = FolderWriter(plan: plan, source: source.directory, companions: source.companionFiles)
    return try folder.write(into: directory, texts: texts, isCancelled: isCancelled) {
      name throws(ModelIOError) in
      guard let tensor = tensors[name] else { throw .checkpoint(path: directory, .missingTensor(name)) }
      return tensor
    }
  }

  /// The exact sizes of the files `write` would make of the source's model with linear layers of these forms, by
  /// node index. Biases are taken to stay as they are.
  public func forecast(_ forms: [LinearForm]) throws(ModelIOError) -> CheckpointForecast {
    let model = source.model
    guard forms.count == model.nodes.count else {
      throw .checkpoint(
        path: source.directory, .wrongFormCount(expected: model.nodes.count, found: forms.count))
    }
    var tensors = model.others.map { ($0.key, $0.value.elementType, $0.value.shape) }
    for node in model.nodes {
      tensors += forms[node.index].storedTensors.map { ("\(node.name).\($0.name)", $0.elementType, $0.shape) }
      if let bias = model.linears[node.index].bias {
        tensors.append(("\(node.name).bias", bias.elementType, bias.shape))
      }
    }
    let plan = try plan(tensors, forms: forms, nodes: model.nodes, directory: source.directory)
    var files = plan.weights.map { CheckpointForecast.File(name: $0.name, byteCount: $0.writer.byteCount) }
    if let index = plan.index {
      files.append(CheckpointForecast.File(name: WeightFiles.index, byteCount: index.utf8.count))
    }
    files.append(CheckpointForecast.File(name: "config.json", byteCount: plan.configuration.utf8.count))
    for name in source.companionFiles {
      let file = try companion(name)
      files.append(CheckpointForecast.File(name: name, byteCount: file.byteCount))
    }
    return CheckpointForecast(files: files)
  }

  private func plan(
    _ tensors: [(String, ElementType, [Int])], forms: [LinearForm], nodes: [Node], directory: String
  ) throws(ModelIOError) -> CheckpointPlan {
    try CheckpointPlan(
      entries: tensors.map { SafetensorsEntry(name: $0.0, elementType: $0.1, shape: $0.2) },
      configuration: CheckpointPlan.configuration(
        configuration(biased: Set(tensors.map(\.0)), nodes: nodes),
        linears: nodes.map { ($0.name, forms[$0.index]) }),
      maximumShardBytes: maximumShardBytes, directory: directory)
  }

  private func companion(_ name: String) throws(ModelIOError) -> MappedFile {
    do { return try MappedFile(path: "\(source.directory)/\(name)") } catch { throw .system(error) }
  }
}
