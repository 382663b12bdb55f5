import CKernels
import Tensors

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
public struct SHA256: Sendable {
  private var state = lathe_sha256()

  public init() { lathe_sha256_init(&state) }

  /// Appends `bytes` to what is hashed.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    lathe_sha256_update(&state, start, bytes.count)
  }

  /// The hash of all bytes so far, as 64 lowercase hexadecimal digits. More bytes may follow.
  public func finalise() -> String {
    var copy = state
    let digest = [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      if let start = buffer.baseAddress { lathe_sha256_final(&copy, start) }
      count = 32
    }
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The hash of `bytes`.
  public static func hex(of bytes: UnsafeRawBufferPointer) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalise()
  }

  /// The hash of a tensor's bytes as stored; shape and element type do not enter it.
  public static func hex(of tensor: Tensor) -> String { tensor.withBytes { hex(of: $0) } }

  /// The hash of a file, read in pieces that are dropped from memory once hashed.
  public static func hex(ofFile path: String) throws(ModelIOError) -> String {
    do { return hex(of: try MappedFile(path: path)) } catch { throw .system(error) }
  }

  /// The hash of a mapped file, whose pieces are dropped from memory once hashed.
  public static func hex(of file: MappedFile) -> String {
    let storage = file.storage
    var hash = SHA256()
    let piece = 1 << 22
    for start in stride(from: 0, to: storage.byteCount, by: piece) {
      let count = min(piece, storage.byteCount - start)
      hash.update(UnsafeRawBufferPointer(start: storage.base + start, count: count))
      storage.evict(offset: start, byteCount: count)
    }
    return hash.finalise()
  }
}
