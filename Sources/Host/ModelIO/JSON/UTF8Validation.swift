extension UnsafeRawBufferPointer {
  /// The offset of the first byte that is no part of well-formed UTF-8; nil where all of it is.
  var firstInvalidUTF8: Int? {
    var offset = 0
    while offset < count {
      if offset + 8 <= count,
        loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        offset += 8
        continue
      }
      guard let length = scalarLength(at: offset) else { return offset }
      offset += length
    }
    return nil
  }

  /// The bytes of the well-formed scalar at `offset`, nil where there is none (Unicode 15, table 3-7).
  func scalarLength(at offset: Int) -> Int? {
    let lead = self[offset]
    let second: ClosedRange<UInt8>
    let length: Int
    switch lead {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return nil
    }
    guard offset + length <= count, second.contains(self[offset + 1]) else { return nil }
    for next in offset + 2..<Swift.max(offset + length, offset + 2) where self[next] & 0xC0 != 0x80 {
      return nil
    }
    return length
  }
}
