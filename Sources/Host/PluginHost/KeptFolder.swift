import Glibc
import ModelIO
import Tensors

/// Where tensors that a strategy keeps outlive the process: one file each, replaced whole.
///
/// A file is named by its node and the hash of its key, and holds one tensor under that key.
public struct KeptFolder: Sendable {
  public let path: String

  /// The folder must exist.
  public init(path: String) { self.path = path }

  /// The tensor under (node, key); nil where none is kept, or where its file does not read.
  func tensor(node: UInt32, key: String) -> Tensor? {
    guard let file = try? SafetensorsFile(path: file(node, key)) else { return nil }
    return try? file.tensor(named: key)
  }

  /// Puts `tensor` in the place of what was kept; nil forgets it.
  func set(_ tensor: Tensor?, node: UInt32, key: String) throws(ModelIOError) {
    let file = file(node, key)
    guard let tensor else {
      unlink(file)
      return
    }
    let partial = "\(file).partial"
    try SafetensorsWriter.write([key: tensor], to: partial)
    guard rename(partial, file) == 0 else {
      throw .system(.cannotWrite(path: file, reason: String(cString: strerror(errno))))
    }
  }

  private func file(_ node: UInt32, _ key: String) -> String {
    let hash = Array(key.utf8).withUnsafeBytes { SHA256.hex(of: $0) }
    return "\(path)/\(node)-\(hash.prefix(16)).safetensors"
  }
}
