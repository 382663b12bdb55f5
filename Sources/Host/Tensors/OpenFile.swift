import Glibc

/// A file descriptor with owners: closed when the last of them is gone.
public final class OpenFile: Sendable {
  public let descriptor: Int32

  /// Takes `descriptor` over.
  public init(adopting descriptor: Int32) { self.descriptor = descriptor }

  /// Opens a regular file for reading. A pipe or a device is refused at once, whether anybody writes to it or not.
  public convenience init(reading path: String) throws(TensorError) {
    // Without O_NONBLOCK the open of a pipe waits for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: MappedFile.reason()) }
    self.init(adopting: descriptor)
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .cannotOpen(path: path, reason: MappedFile.reason()) }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw .cannotOpen(path: path, reason: "it is not a regular file")
    }
  }

  deinit { close(descriptor) }

  /// Maps `byteCount` bytes from `offset` read-only; nil where the system refuses. The offset may be any.
  public func map(offset: Int, byteCount: Int) -> Storage? {
    guard byteCount > 0 else { return Storage(byteCount: 0) }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let lead = offset % page
    let length = byteCount + lead
    guard let base = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, off_t(offset - lead)),
      base != MAP_FAILED
    else { return nil }
    let range = FileRange(file: self, offset: offset)
    return Storage(adopting: base + lead, byteCount: byteCount, isFileBacked: true, range: range) { _, _ in
      munmap(base, length)
    }
  }
}

/// Where in a file the bytes of a storage lie.
public struct FileRange: Sendable {
  public let file: OpenFile
  public let offset: Int

  public init(file: OpenFile, offset: Int) {
    self.file = file
    self.offset = offset
  }
}
