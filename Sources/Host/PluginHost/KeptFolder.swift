import Glibc
import ModelIO
import Tensors

/// Where tensors that a strategy keeps outlive the process: one file each, replaced whole.
///
/// A file is named by its node and the hash of its key, and holds one tensor under that key, and its seal: a hash of
/// all that it says, so that what a crash or a disk has changed is not given back.
public struct KeptFolder: Sendable {
  public let path: String

  /// The folder must exist.
  public init(path: String) { self.path = path }

  /// The tensor under (node, key); nil where none is kept, or where its file does not read.
  func tensor(node: UInt32, key: String) -> Tensor? {
    guard let file = try? SafetensorsFile(path: file(node, key)) else { return nil }
    return file[Self.prefix + key]
  }

  /// Puts `tensor` in the place of what was kept; nil forgets it.
  func set(_ tensor: Tensor?, node: UInt32, key: String) throws(ModelIOError) {
    let file = file(node, key)
    guard let tensor else {
      unlink(file)
      return
    }
    let partial = "\(file).partial"
    let seal = Array(Self.seal(of: tensor, node: "\(node)", key: key).utf8)
    let stored = Tensor(.u8, [seal.count]) { bytes in seal.withUnsafeBytes { bytes.copyMemory(from: $0) } }
    try SafetensorsWriter.write([Self.prefix + key: tensor, Self.sealName: stored], to: partial)
    guard rename(partial, file) == 0 else {
      throw .system(.cannotWrite(path: file, reason: String(cString: strerror(errno))))
    }
  }

  /// The first file that is not as it was written; nil where all are. Every file is read as a whole.
  public func damagedFile() throws(ModelIOError) -> String? {
    guard let folder = opendir(path) else {
      throw .system(.cannotRead(path: path, reason: String(cString: strerror(errno))))
    }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".safetensors"), !isWhole(name) { return "\(path)/\(name)" }
    }
    return nil
  }

  private func isWhole(_ name: String) -> Bool {
    guard let file = try? SafetensorsFile(path: "\(path)/\(name)"), let seal = file[Self.sealName],
      file.names.count == 2, let own = file.names.first(where: { $0.hasPrefix(Self.prefix) }),
      let tensor = file[own], let node = name.split(separator: "-").first
    else { return false }
    defer { tensor.evict() }
    let expected = Self.seal(of: tensor, node: String(node), key: String(own.dropFirst(Self.prefix.count)))
    return seal.withBytes { $0.elementsEqual(expected.utf8) }
  }

  private static let prefix = "kept:"
  private static let sealName = "sha256"

  private static func seal(of tensor: Tensor, node: String, key: String) -> String {
    let text = "\(node) \(tensor.elementType.rawValue) \(tensor.shape) \(SHA256.hex(of: tensor)) \(key)"
    return Array(text.utf8).withUnsafeBytes { SHA256.hex(of: $0) }
  }

  private func file(_ node: UInt32, _ key: String) -> String {
    let hash = Array(key.utf8).withUnsafeBytes { SHA256.hex(of: $0) }
    return "\(path)/\(node)-\(hash.prefix(16)).safetensors"
  }
}
