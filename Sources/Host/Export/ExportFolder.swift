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
    let makers = Dictionary(tensors.map { ($0.entry.name, $0) }) { first, _ in first }
    // The writer's error type has no room for ours.
    var failure: ExportError?
    do throws(ModelIOError) {
      let writer = try FolderWriter(
        tensors.map(\.entry), configuration: .object(configuration), companionsOf: source.subject.checkpoint)
      _ = try writer.write(into: path, isCancelled: source.isCancelled) { name throws(ModelIOError) in
        do throws(ExportError) {
          guard let maker = makers[name] else {
            throw .model(.checkpoint(path: path, .missingTensor(name)))
          }
          return try maker.make()
        } catch {
          failure = error
          throw .cancelled
        }
      }
      for (name, text) in texts { _ = try FolderWriter.write(text, as: name, into: path) }
    } catch {
      if let failure { throw failure }
      if case .cancelled = error { throw .cancelled }
      throw .model(error)
    }
  }
}
