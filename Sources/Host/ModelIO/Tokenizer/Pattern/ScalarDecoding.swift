extension UnsafeBufferPointer<UInt8> {
  /// The scalar at `position` of well-formed UTF-8, and its length in bytes.
  @inline(__always)
  func scalar(at position: Int) -> (scalar: Unicode.Scalar, length: Int) {
    let lead = UInt32(self[position])
    func tail(_ offset: Int) -> UInt32 { UInt32(self[position + offset] & 0x3F) }
    let value: UInt32
    let length: Int
    switch lead {
    case 0..<0x80: (value, length) = (lead, 1)
    case 0x80..<0xE0: (value, length) = ((lead & 0x1F) << 6 | tail(1), 2)
    case 0xE0..<0xF0: (value, length) = ((lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3)
    default: (value, length) = ((lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
    }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
  }

  /// The length in bytes of the scalar at `position` of well-formed UTF-8.
  @inline(__always)
  func scalarLength(at position: Int) -> Int {
    let lead = self[position]
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Where the scalar that ends at `position`, which is not the start, begins.
  func start(before position: Int) -> Int {
    var position = position - 1
    while position > 0, self[position] & 0xC0 == 0x80 { position -= 1 }
    return position
  }
}
