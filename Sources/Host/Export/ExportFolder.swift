import Graph
import ModelIO
import Tensors

/// A tensor of an export: its place in the file, and how it is made when its turn comes.
struct ExportTensor {
  let entry: SafetensorsEntry
  let make: () throws(ExportError) -> Tensor

  init(
    _ name: String, _ type: ElementType, _ shape: [Int], _ make: @escaping () throws(ExportError) -> Tensor
  ) {
    entry = SafetensorsEntry(name: name, elementType: type, shape: shape)
    self.make = make
  }
}

/// A Hugging Face folder that is being exported: its tensors, its configuration, and files of text beside them.
struct ExportFolder {
  let source: ExportSource
  var tensors: [ExportTensor] = []
  var configuration: JSONObject
  /// Files beside weights and `config.json`, by name.
  var texts: [(name: String, text: String)] = []

  /// Starts with all that is no linear layer, and the biases of the layers.
  init(_ source: ExportSource) throws(ExportError) {
    self.source = source
    configuration = try source.subject.cleanConfiguration()
    for (name, tensor) in source.model.others { add(name, tensor) }
    for node in source.model.nodes {
      if let bias = source.model.linears[node.index].bias { add("\(node.name).bias", bias) }
    }
  }

  /// Adds a tensor in the type that was asked for.
  mutating func add(_ name: String, _ tensor: Tensor) {
    let source = source
    tensors.append(
      ExportTensor(name, source.subject.type(tensor.elementType), tensor.shape) { () throws(ExportError) in
        try source.tensor(tensor, name: name)
      })
  }

  /// Writes everything into `path`.
  func write(into path: String) throws(ExportError) {
    let maker = TensorMaker(tensors)
    do throws(ModelIOError) {
      let writer = try FolderWriter(
        tensors.map(\.entry), configuration: .object(configuration), companionsOf: source.subject.checkpoint)
      _ = try writer.write(into: path, isCancelled: source.isCancelled, tensor: maker.make)
      for (name, text) in texts { _ = try FolderWriter.write(text, as: name, into: path) }
    } catch { throw maker.cause(of: error) }
  }

  /// Writes tensors alone as one safetensors file.
  static func write(
    _ tensors: [ExportTensor], to path: String, isCancelled: () -> Bool
  ) throws(ExportError) {
    let maker = TensorMaker(tensors)
    do throws(ModelIOError) {
      let writer = try SafetensorsWriter(tensors.map(\.entry), path: path)
      _ = try writer.write(to: path, isCancelled: isCancelled) { entry throws(ModelIOError) in
        try maker.make(entry.name)
      }
    } catch { throw maker.cause(of: error) }
  }
}

/// Makes tensors for a writer, whose type of error has no room for this module's.
private final class TensorMaker {
  private let tensors: [String: ExportTensor]
  private var failure: ExportError?

  init(_ tensors: [ExportTensor]) {
    self.tensors = Dictionary(tensors.map { ($0.entry.name, $0) }) { first, _ in first }
  }

  func make(_ name: String) throws(ModelIOError) -> Tensor {
    guard let tensor = tensors[name] else { throw .checkpoint(path: name, .missingTensor(name)) }
    do throws(ExportError) { return try tensor.make() } catch {
      failure = error
      throw .cancelled
    }
  }

  /// What made the writer throw `error`.
  func cause(of error: ModelIOError) -> ExportError {
    if let failure { return failure }
    if case .cancelled = error { return .cancelled }
    return .model(error)
  }
}
