import Glibc
import Synchronization

/// Tensors kept on disk instead of in memory: appended to an unnamed file and read back through a mapping.
///
/// The file has no name once open, so nothing is left behind however the process ends. Space is reserved before
/// it is written: a full disk is an error here and never a SIGBUS later.
public final class ScratchFile: Sendable {
  public let file: OpenFile
  public let directory: String
  private let end = Mutex(0)

  public init(directory: String) throws(TensorError) {
    self.directory = directory
    var template = Array("\(directory)/.lathe-scratch-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw .cannotWrite(path: directory, reason: MappedFile.reason()) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
    file = OpenFile(adopting: descriptor)
  }

  /// The bytes written so far.
  public var byteCount: Int { end.withLock { $0 } }

  /// Writable storage of `byteCount` zero bytes, backed by the file. Evictable at any time.
  public func allocate(byteCount: Int) throws(TensorError) -> Storage {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let rounded = (max(byteCount, 1) + page - 1) / page * page
    let offset = end.withLock { end in
      defer { end += rounded }
      return end
    }
    let status = posix_fallocate(file.descriptor, off_t(offset), off_t(rounded))
    guard status == 0 else {
      throw .cannotWrite(path: "scratch space in \(directory)", reason: String(cString: strerror(status)))
    }
    guard
      let base = mmap(nil, rounded, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, off_t(offset)),
      base != MAP_FAILED
    else { throw .cannotMap(path: "scratch space in \(directory)", reason: MappedFile.reason()) }
    let range = FileRange(file: file, offset: offset)
    return Storage(adopting: base, byteCount: byteCount, isFileBacked: true, range: range) { pointer, _ in
      munmap(pointer, rounded)
    }
  }

  /// A read-only copy of `tensor` that lives in the file. Its pages are dropped from memory at once.
  public func keep(_ tensor: Tensor) throws(TensorError) -> Tensor {
    let storage = try allocate(byteCount: tensor.byteCount)
    tensor.withBytes { bytes in
      if let source = bytes.baseAddress { storage.base.copyMemory(from: source, byteCount: bytes.count) }
    }
    mprotect(storage.base, max(tensor.byteCount, 1), PROT_READ)
    storage.evict(offset: 0, byteCount: tensor.byteCount)
    return Tensor(tensor.elementType, tensor.shape, storage: storage)
  }
}
