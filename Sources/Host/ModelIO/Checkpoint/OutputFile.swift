import Glibc
import Tensors

/// A file that is being written beside its place and moved there when it is complete.
///
/// The space is reserved first: a full disk is an error before any work is done. What is not committed is removed.
public final class OutputFile {
  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  private var isCommitted = false
  private var hash = SHA256()

  /// Creates a hidden file beside `path` with room for `byteCount` bytes.
  public init(path: String, byteCount: Int) throws(ModelIOError) {
    let (parent, name) = FilePath.split(path)
    guard FilePath.isFileName(name) else { throw .output(path: path, .badName) }
    guard FilePath.isFolder(parent) else { throw .output(path: path, .noParent) }
    self.path = path
    partialPath = "\(parent)/.\(name).partial-\(getpid())"
    descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .output(path: path, .notWritable(reason: FilePath.reason(errno)))
    }
    guard byteCount > 0 else { return }
    let status = posix_fallocate(descriptor, 0, off_t(byteCount))
    switch status {
    case 0: break
    case ENOSPC: throw .output(path: path, .noSpace(needed: byteCount, free: FilePath.freeBytes(parent)))
    case EFBIG: throw .output(path: path, .tooLarge(byteCount: byteCount))
    default: throw .output(path: path, .notWritable(reason: FilePath.reason(status)))
    }
  }

  deinit {
    close(descriptor)
    if !isCommitted { unlink(partialPath) }
  }

  /// Appends `bytes`, which also enter the file's hash.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(ModelIOError) {
    // Pieces stay in the cache between hashing and writing, and one write call takes at most 2 GiB.
    let piece = 1 << 20
    for start in stride(from: 0, to: bytes.count, by: piece) {
      var rest = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + piece, bytes.count)])
      hash.update(rest)
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if written < 0, errno == EINTR { continue }
        if written < 0, errno == ENOSPC {
          let free = FilePath.freeBytes(FilePath.split(path).parent)
          throw .output(path: path, .noSpace(needed: rest.count, free: free))
        }
        guard written > 0 else {
          throw .output(path: path, .notWritable(reason: FilePath.reason(errno)))
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
  }

  /// Appends `bytes`.
  public func append(_ bytes: [UInt8]) throws(ModelIOError) {
    let result: Result<Void, ModelIOError> = bytes.withUnsafeBytes { buffer in
      Result { () throws(ModelIOError) in try append(buffer) }
    }
    try result.get()
  }

  /// Brings the bytes to the disk and the file to its place, where it replaces one that is there. Returns its
  /// SHA-256.
  public func commit() throws(ModelIOError) -> String {
    guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else {
      throw .output(path: path, .notWritable(reason: FilePath.reason(errno)))
    }
    isCommitted = true
    return hash.finalise()
  }

  /// Writes a whole file.
  static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(ModelIOError) -> String {
    let file = try OutputFile(path: path, byteCount: bytes.count)
    try file.append(bytes)
    return try file.commit()
  }

  /// Writes a whole file of text.
  static func write(_ text: String, to path: String) throws(ModelIOError) -> String {
    let file = try OutputFile(path: path, byteCount: text.utf8.count)
    try file.append(Array(text.utf8))
    return try file.commit()
  }
}
