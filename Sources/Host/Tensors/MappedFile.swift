import Glibc

/// A file mapped read-only. Pages are read when touched and can be dropped at any time.
public struct MappedFile: Sendable {
  public let path: String
  public let storage: Storage
  public var byteCount: Int { storage.byteCount }

  /// Maps the whole file. An empty file gives empty storage.
  public init(path: String) throws(TensorError) {
    try self.init(path: path, file: OpenFile(reading: path))
  }

  /// Maps all of an open file that `path` names in errors.
  public init(path: String, file: OpenFile) throws(TensorError) {
    let descriptor = file.descriptor
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .cannotOpen(path: path, reason: Self.reason()) }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw .cannotOpen(path: path, reason: "it is not a regular file")
    }
    self.path = path
    let size = Int(info.st_size)
    guard size > 0 else {
      storage = Storage(byteCount: 0)
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw .cannotMap(path: path, reason: Self.reason())
    }
    // The file stays open with its mapping, so that another process can be given the same bytes.
    let range = FileRange(file: file, offset: 0)
    storage = Storage(adopting: base, byteCount: size, isFileBacked: true, range: range) { munmap($0, $1) }
  }

  static func reason() -> String { String(cString: strerror(errno)) }
}
