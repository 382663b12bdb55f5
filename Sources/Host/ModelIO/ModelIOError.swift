import Graph
import Tensors

/// What can be wrong with files of models, as facts with their places.
public enum ModelIOError: Error, Equatable, CustomStringConvertible {
  /// The system refused to open, read, write or map a file.
  case system(TensorError)
  case json(path: String, JSONError)
  case safetensors(path: String, SafetensorsFault)
  case configuration(path: String, ConfigurationFault)
  /// A model folder, or a linear layer in it, is not as its configuration says.
  case checkpoint(path: String, CheckpointFault)
  /// A file or folder cannot be made.
  case output(path: String, OutputFault)
  case cancelled

  public var description: String {
    switch self {
    case .system(let error): error.description
    case .json(let path, let error): "\(path) is no valid JSON: \(error); mend the file or fetch it again"
    case .safetensors(let path, let fault): "\(path): \(fault)"
    case .configuration(let path, let fault): "\(path): \(fault)"
    case .checkpoint(let path, let fault): "\(path): \(fault)"
    case .output(let path, let fault): "\(path): \(fault)"
    case .cancelled: "writing was cancelled"
    }
  }
}

/// Why a file or folder cannot be made.
public enum OutputFault: Error, Equatable, CustomStringConvertible {
  case exists
  case noParent
  case notAFolder
  case notWritable(reason: String)
  /// A name that is no name of a file: empty, `.` or `..`.
  case badName
  /// The folder to be replaced holds a folder, which no model folder does.
  case holdsFolder(name: String)
  /// Another process is writing the same folder.
  case busy(partial: String)
  case noSpace(needed: Int, free: Int)
  case tooLarge(byteCount: Int)

  public var description: String {
    switch self {
    case .exists: "exists already; choose another path or ask for it to be replaced"
    case .noParent: "the folder to put it in does not exist; create it first"
    case .notAFolder: "is no folder; choose another path"
    case .notWritable(let reason):
      "cannot be written: \(reason); choose another path or change its permissions"
    case .badName: "is no name for a new folder; give a path that ends in a name"
    case .holdsFolder(let name):
      "holds the folder \"\(name)\", so it is not just a model and is not replaced; remove it yourself"
    case .busy(let partial): "is being written by another process in \(partial); wait for it or stop it"
    case .noSpace(let needed, let free):
      "needs \(needed) bytes, but only \(free) are free on that disk; free some space or choose another disk"
    case .tooLarge(let byteCount):
      "a file of \(byteCount) bytes is more than the file system allows; write smaller shards"
    }
  }
}
