extension JSONParser {
  /// A member's key: a string or, in JSON5, a bare identifier.
  mutating func key() throws(JSONError) -> String {
    if current == 0x22 || (isJSON5 && current == 0x27) { return try string() }
    guard isJSON5 else { throw unexpected(expecting: "a key in double quotes") }
    let start = position
    while isIdentifierByte(current, first: position == start) { position += 1 }
    guard position > start else { throw unexpected(expecting: "a key") }
    return text(from: start)
  }

  /// Letters, digits, `_`, `$` and every byte beyond ASCII.
  private func isIdentifierByte(_ byte: UInt8, first: Bool) -> Bool {
    switch byte {
    case 0x41...0x5A, 0x61...0x7A, 0x24, 0x5F, 0x80...: true
    case 0x30...0x39: !first
    default: false
    }
  }

  private func text(from start: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
  }

  mutating func string() throws(JSONError) -> String {
    let quote = current
    let opening = position
    position += 1
    var start = position
    var result: String?
    while position < bytes.count {
      let byte = bytes[position]
      if byte == quote {
        let last = text(from: start)
        position += 1
        return result.map { $0 + last } ?? last
      } else if byte == 0x5C {
        result = (result ?? "") + text(from: start)
        position += 1
        try escape(into: &result)
        start = position
      } else if byte < 0x20, !isJSON5 || byte == 0x0A || byte == 0x0D {
        throw error("a raw control character in a string")
      } else {
        position += 1
      }
    }
    throw error("a string that is never closed", at: opening)
  }

  /// Appends what the escape after a backslash stands for.
  private mutating func escape(into result: inout String?) throws(JSONError) {
    let start = position - 1
    let byte = current
    position += 1
    switch byte {
    case 0x22, 0x5C, 0x2F: append(Unicode.Scalar(byte), to: &result)
    case 0x62: append("\u{08}", to: &result)
    case 0x66: append("\u{0C}", to: &result)
    case 0x6E: append("\n", to: &result)
    case 0x72: append("\r", to: &result)
    case 0x74: append("\t", to: &result)
    case 0x75: append(try unicodeEscape(from: start), to: &result)
    default:
      position -= 1
      guard isJSON5, position < bytes.count else {
        throw error("an escape that JSON does not have", at: start)
      }
      try escapeOfJSON5(into: &result)
    }
  }

  private mutating func escapeOfJSON5(into result: inout String?) throws(JSONError) {
    let start = position - 1
    guard let scalar = scalarAtPosition else { throw error("an unfinished escape", at: start) }
    position += UTF8.width(scalar)
    switch scalar {
    case "v": append("\u{0B}", to: &result)
    case "0" where !(0x30...0x39).contains(current): append("\0", to: &result)
    case "x": append(Unicode.Scalar(UInt8(try hexadecimal(digits: 2, from: start))), to: &result)
    case "0"..."9": throw error("an octal escape", at: start)
    case "\r": if current == 0x0A { position += 1 }
    case "\n", "\u{2028}", "\u{2029}": break
    default: append(scalar, to: &result)
    }
  }

  private func append(_ scalar: Unicode.Scalar, to result: inout String?) {
    result?.unicodeScalars.append(scalar)
  }

  /// The four digits after `\u`, and the second half where they are a high surrogate.
  private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
    let first = try hexadecimal(digits: 4, from: start)
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, current == 0x5C, position + 1 < bytes.count, bytes[position + 1] == 0x75 else {
      throw error("half a surrogate pair", at: start)
    }
    position += 2
    let second = try hexadecimal(digits: 4, from: start)
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw error("half a surrogate pair", at: start) }
    return scalar
  }

  private mutating func hexadecimal(digits: Int, from start: Int) throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = hexadecimalValue(of: current) else { throw error("an unfinished escape", at: start) }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  func hexadecimalValue(of byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
