import Foundation
import Glibc
import ModelIO
import Tensors

/// A plugin's file, opened once: the same open file is hashed and loaded.
struct PluginFile: Sendable {
  let path: String
  let hash: String
  private let file: OpenFile
  private let identity: Identity

  /// What changes when a file is replaced or written to.
  private struct Identity: Equatable {
    let device: dev_t
    let inode: ino_t
    let size: off_t
    let seconds: Int
    let nanoseconds: Int

    init?(descriptor: Int32) {
      var info = stat()
      guard fstat(descriptor, &info) == 0 else { return nil }
      self.init(info)
    }

    init?(path: String) {
      var info = stat()
      guard stat(path, &info) == 0 else { return nil }
      self.init(info)
    }

    private init(_ info: stat) {
      device = info.st_dev
      inode = info.st_ino
      size = info.st_size
      // The time of the last change of the file or its names, which cannot be set back.
      seconds = info.st_ctim.tv_sec
      nanoseconds = info.st_ctim.tv_nsec
    }
  }

  init(_ path: String) throws(PluginHostError) {
    self.path = path
    let bytes: MappedFile
    do throws(TensorError) {
      file = try OpenFile(reading: path)
      bytes = try MappedFile(path: path, file: file)
    } catch {
      throw .unusable(path: path, reason: error.description)
    }
    hash = SHA256.hex(of: bytes)
    let needed = ElfExtent.needed(
      by: UnsafeRawBufferPointer(start: bytes.storage.base, count: bytes.byteCount))
    if let needed, needed > UInt64(bytes.byteCount) {
      throw .unusable(
        path: path,
        reason: "it is cut off: \(bytes.byteCount) bytes where its headers speak of \(needed); copy it again")
    }
    guard let identity = Identity(descriptor: file.descriptor) else {
      throw .unusable(path: path, reason: "it cannot be looked at")
    }
    self.identity = identity
  }

  /// Where the open file lies, without links, as the system knows it; nil where it does not say.
  var place: String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(file.descriptor)")
  }

  /// Loads the library; also what the user should know about how it went.
  ///
  /// `exactly` loads the open file itself, through its name in /proc, so that nobody can put another file in its
  /// place between the hash and the loader. The loader remembers libraries by that name, so the descriptor stays
  /// open as long as the process, as the library does. The price is that a library that finds further libraries by
  /// `$ORIGIN` cannot be loaded so; without a rule to keep the path is used, and looked at again afterwards.
  func load(exactly: Bool) throws(PluginHostError) -> (handle: UnsafeMutableRawPointer, warnings: [String]) {
    // A name without a slash would be looked up in the loader's folders.
    var name = path.contains("/") ? path : "./\(path)"
    if exactly {
      let kept = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
      guard kept >= 0 else { throw .unusable(path: path, reason: "the process has too many open files") }
      name = "/proc/self/fd/\(kept)"
    }
    var environment = fenv_t()
    fegetenv(&environment)
    let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)
    let message = handle == nil ? Self.loaderMessage() : ""
    // A library built with -ffast-math switches denormals off for the thread that loads it.
    var after = fenv_t()
    fegetenv(&after)
    let changed = after.__mxcsr & Self.controlBits != environment.__mxcsr & Self.controlBits
    fesetenv(&environment)
    guard let handle else { throw .unusable(path: path, reason: message.replacing(name, with: path)) }
    guard exactly ? isUnchanged : Identity(path: path) == identity else {
      throw .untrusted(
        path: path, reason: "it was changed while it was loaded; what was hashed is not what is there now")
    }
    return (
      handle,
      changed
        ? ["it changed the floating-point environment while loading (built with -ffast-math?); restored"] : []
    )
  }

  /// Whether the open file still has the hash that was found; its names may have changed.
  private var isUnchanged: Bool {
    guard let again = try? MappedFile(path: path, file: file) else { return false }
    return SHA256.hex(of: again) == hash
  }

  /// All of MXCSR but its sticky exception flags.
  private static let controlBits: UInt32 = 0xffc0

  private static func loaderMessage() -> String {
    guard let message = dlerror() else { return "the loader refused it" }
    return String(cString: message)
  }
}
