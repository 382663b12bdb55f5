import Glibc

/// A run of bytes with one owner: allocated, mapped from a file, or adopted from somebody else's allocator.
///
/// Storage is shared by reference. Whoever makes it fills it before sharing it; afterwards it is only read,
/// which is why it may cross threads.
public final class Storage: @unchecked Sendable {
  /// The first byte. Allocated storage is aligned to 64 bytes.
  public let base: UnsafeMutableRawPointer
  public let byteCount: Int
  /// Whether a file holds the same bytes, so that the memory can be dropped and read again.
  public let isFileBacked: Bool
  /// The open file that holds the same bytes, where it is known.
  public let range: FileRange?
  private let release: (UnsafeMutableRawPointer, Int) -> Void

  /// Uninitialised bytes aligned to 64, or zeros when `zeroed`.
  public convenience init(byteCount: Int, zeroed: Bool = false) {
    if let (base, release) = Self.pages(byteCount) {
      self.init(adopting: base, byteCount: byteCount, release: release)
    } else {
      let base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
      if zeroed { memset(base, 0, byteCount) }
      self.init(adopting: base, byteCount: byteCount) { base, _ in base.deallocate() }
    }
  }

  /// Zeros aligned to 64; nil where there is not enough memory.
  public convenience init?(zeros byteCount: Int) {
    if let (base, release) = Self.pages(byteCount) {
      self.init(adopting: base, byteCount: byteCount, release: release)
      return
    }
    var base: UnsafeMutableRawPointer?
    guard posix_memalign(&base, 64, max(byteCount, 64)) == 0, let base else { return nil }
    memset(base, 0, byteCount)
    self.init(adopting: base, byteCount: byteCount) { base, _ in free(base) }
  }

  private typealias Release = (UnsafeMutableRawPointer, Int) -> Void

  /// Fresh pages of zeros for what is large. They come into being where they are first touched, so by all threads at
  /// once, and 2 MB at a time where the system has pages of that size.
  private static func pages(_ byteCount: Int) -> (UnsafeMutableRawPointer, Release)? {
    guard byteCount >= 4 << 20 else { return nil }
    let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let base, base != MAP_FAILED else { return nil }
    madvise(base, byteCount, MADV_HUGEPAGE)
    return (base, { base, byteCount in munmap(base, byteCount) })
  }

  /// Bytes that `release` gives back to their owner when the last reference is gone.
  public init(
    adopting base: UnsafeMutableRawPointer, byteCount: Int, isFileBacked: Bool = false,
    range: FileRange? = nil, release: @escaping (UnsafeMutableRawPointer, Int) -> Void
  ) {
    self.base = base
    self.byteCount = byteCount
    self.isFileBacked = isFileBacked
    self.range = range
    self.release = release
  }

  deinit { release(base, byteCount) }

  /// Drops the memory of file-backed bytes that will not be needed soon; other storage is left alone.
  public func evict(offset: Int, byteCount: Int) {
    guard isFileBacked else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = (Int(bitPattern: base) + offset + page - 1) / page * page
    let end = (Int(bitPattern: base) + offset + byteCount) / page * page
    guard end > start, let pointer = UnsafeMutableRawPointer(bitPattern: start) else { return }
    madvise(pointer, end - start, MADV_DONTNEED)
  }
}
