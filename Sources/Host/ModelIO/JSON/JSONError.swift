/// Why a text is no JSON, and where. Lines and columns count from 1, columns in Unicode scalars.
public struct JSONError: Error, Equatable, CustomStringConvertible {
  public let line: Int
  public let column: Int
  public let reason: String

  init(_ reason: String, at offset: Int, in bytes: UnsafeRawBufferPointer) {
    let before = bytes[..<Swift.min(offset, bytes.count)]
    let newline = UInt8(ascii: "\n")
    let lineStart = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
    line = before.count { $0 == newline } + 1
    column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
    self.reason = reason
  }

  public var description: String { "\(reason), line \(line), column \(column)" }
}
