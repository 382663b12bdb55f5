import Glibc

/// A run of bytes with one owner: allocated, mapped from a file, or adopted from somebody else's allocator.
///
/// Storage is shared by reference. Whoever makes it fills it before sharing it; afterwards it is only read,
/// which is why it may cross threads.
public final class Storage: @unchecked Sendable {
  /// The first byte. Allocated storage is aligned to 64 bytes.
  public let base: UnsafeMutableRawPointer
  public let byteCount: Int
  private let release: (UnsafeMutableRawPointer, Int) -> Void

  /// Uninitialised bytes aligned to 64, or zeros when `zeroed`.
  public init(byteCount: Int, zeroed: Bool = false) {
    base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    self.byteCount = byteCount
    release = { base, _ in base.deallocate() }
    if zeroed { memset(base, 0, byteCount) }
  }

  /// Bytes that `release` gives back to their owner when the last reference is gone.
  public init(
    adopting base: UnsafeMutableRawPointer, byteCount: Int,
    release: @escaping (UnsafeMutableRawPointer, Int) -> Void
  ) {
    self.base = base
    self.byteCount = byteCount
    self.release = release
  }

  deinit { release(base, byteCount) }

  /// Tells the system that the pages of a mapped file will not be needed soon. Contents are kept by the file.
  public func evict(offset: Int, byteCount: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = (Int(bitPattern: base) + offset + page - 1) / page * page
    let end = (Int(bitPattern: base) + offset + byteCount) / page * page
    guard end > start, let pointer = UnsafeMutableRawPointer(bitPattern: start) else { return }
    madvise(pointer, end - start, MADV_DONTNEED)
  }
}
