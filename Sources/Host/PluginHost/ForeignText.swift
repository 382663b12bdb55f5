import Glibc
import ModelIO

/// Texts that a plugin hands over for people.
enum ForeignText {
  /// More than this nobody reads.
  private static let longest = 4096

  /// One line that can be printed, of at most 4096 bytes, and no more than that is read.
  static func message(_ pointer: UnsafePointer<CChar>) -> String {
    let count = strnlen(pointer, longest + 1)
    let bytes = UnsafeRawBufferPointer(start: pointer, count: min(count, longest))
    return String(decoding: bytes, as: UTF8.self).printable() + (count > longest ? "..." : "")
  }
}
