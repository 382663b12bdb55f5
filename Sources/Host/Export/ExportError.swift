import Graph
import ModelIO
import Tensors

/// What keeps a model from being exported.
public enum ExportError: Error, CustomStringConvertible {
  case unknownFormat(String, known: [String])
  case unknownType(String, format: String, known: [String])
  case unknownEmbeddingType(String, format: String, known: [String])
  /// A layer of several factors or terms, and a format that has none.
  case factors(layer: String, form: String, format: String)
  /// A layer that the format cannot hold.
  case layer(String, format: String, reason: String)
  /// Something of the whole model that the format cannot hold.
  case whole(format: String, reason: String)
  /// A value of a tensor is not finite, or would not be in the type asked for.
  case notFinite(tensor: String, type: ElementType)
  /// The output cannot be put there.
  case place(path: String, reason: String)
  /// What was written does not read back as it was meant.
  case readBack(path: String, reason: String)
  case model(ModelIOError)
  case graph(layer: String, GraphError)
  case tensor(name: String, TensorError)
  /// What GGUF cannot say of a model.
  case gguf(GGUFObstacle)
  case ggufFile(path: String, GGUFFault)
  case arithmetic(layer: String, reason: String)
  case cancelled

  public var description: String {
    switch self {
    case .unknownFormat(let name, let known):
      "\"\(name)\" is no format that Lathe writes; choose one of \(known.joined(separator: ", "))"
    case .unknownType(let name, let format, let known):
      "\(format) has no element type \"\(name)\"; choose one of \(known.joined(separator: ", "))"
    case .unknownEmbeddingType(let name, let format, let known):
      known.isEmpty
        ? "in \(format) embeddings have no type of their own; leave out --embedding-type"
        : "\(format) has no type \"\(name)\" for embeddings; choose one of \(known.joined(separator: ", "))"
    case .factors(let layer, let form, let format):
      "\(layer) is stored as \(form), and \(format) has no factors; multiply them with --remultiply, or choose "
        + "a format that has"
    case .layer(let layer, let format, let reason): "\(format) cannot hold \(layer): \(reason)"
    case .whole(let format, let reason): "\(format) cannot hold this model: \(reason)"
    case .notFinite(let tensor, let type):
      "tensor \(tensor) has values that are not finite as \(type.rawValue); choose a wider --dtype or mend the model"
    case .place(let path, let reason): "\(path) \(reason)"
    case .readBack(let path, let reason):
      "\(path) did not read back as it was written (\(reason)); nothing was published, check the disk"
    case .model(.output(let path, .exists)):
      "\(path) exists already; choose another path, or replace it with --force"
    case .model(let error): error.description
    case .graph(let layer, let error): "\(layer): \(error)"
    case .tensor(let name, let error): "tensor \(name): \(error)"
    case .gguf(let obstacle): obstacle.description
    case .ggufFile(let path, let fault): "\(path): \(fault)"
    case .arithmetic(let layer, let reason): "\(layer): \(reason)"
    case .cancelled: "interrupted"
    }
  }

  /// Whether this is the user's interruption and no failure.
  public var isCancellation: Bool {
    switch self {
    case .cancelled, .model(.cancelled): true
    default: false
    }
  }

  /// Runs `body` and makes what it throws an error of this module.
  static func reading<Result>(_ body: () throws(ModelIOError) -> Result) throws(ExportError) -> Result {
    do throws(ModelIOError) { return try body() } catch {
      if case .cancelled = error { throw .cancelled }
      throw .model(error)
    }
  }
}
