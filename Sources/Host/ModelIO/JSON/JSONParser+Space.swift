extension JSONParser {
  /// Steps over white space and, in JSON5, comments.
  mutating func skipSpace() throws(JSONError) {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      case 0x0B where isJSON5, 0x0C where isJSON5: position += 1
      case 0x2F where isJSON5: try skipComment()
      case 0x80... where isJSON5:
        guard let length = wideSpaceLength else { return }
        position += length
      default: return
      }
    }
  }

  private mutating func skipComment() throws(JSONError) {
    let start = position
    let second = position + 1 < bytes.count ? bytes[position + 1] : 0
    guard second == 0x2F || second == 0x2A else { throw unexpected(expecting: "a value or a comment") }
    position += 2
    if second == 0x2F {
      while position < bytes.count, current != 0x0A, current != 0x0D { position += 1 }
      return
    }
    while position + 1 < bytes.count {
      if current == 0x2A, bytes[position + 1] == 0x2F {
        position += 2
        return
      }
      position += 1
    }
    throw error("a comment that is never closed", at: start)
  }

  /// How many bytes the space beyond ASCII at the position takes: a byte order mark, a separator of lines or
  /// paragraphs, or a character of category Zs.
  private var wideSpaceLength: Int? {
    guard let scalar = scalarAtPosition else { return nil }
    switch scalar.properties.generalCategory {
    case .spaceSeparator, .lineSeparator, .paragraphSeparator: return UTF8.width(scalar)
    default: return scalar == "\u{FEFF}" ? 3 : nil
    }
  }

  var scalarAtPosition: Unicode.Scalar? {
    var decoder = UTF8()
    var rest = bytes[position...].makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&rest) else { return nil }
    return scalar
  }
}
