extension JSON {
  /// The value as text. The same value gives the same text: members in their order, doubles in the shortest
  /// form that reads back the same (a whole one as `1.0`), strings with no escape that is not needed.
  ///
  /// - Parameter indent: spaces per level; nil writes one line without spaces.
  /// - Note: JSON has no infinities and no NaN; they are written as `null`.
  public func text(indent: Int? = 2) -> String {
    var writer = JSONWriter(indent: indent)
    writer.write(self, level: 0)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

/// Writes JSON into a buffer of bytes.
private struct JSONWriter {
  let indent: Int?
  var bytes: [UInt8] = []

  init(indent: Int?) { self.indent = indent }

  mutating func write(_ value: JSON, level: Int) {
    switch value {
    case .null: put("null")
    case .bool(let value): put(value ? "true" : "false")
    case .integer(let value): put(String(value))
    case .number(let value): put(value.isFinite ? value.description : "null")
    case .string(let value): write(value)
    case .array(let elements):
      write(elements, between: ("[", "]"), level: level) { $0.write($1, level: level + 1) }
    case .object(let members):
      write(Array(members), between: ("{", "}"), level: level) { writer, member in
        writer.write(member.key)
        writer.put(writer.indent == nil ? ":" : ": ")
        writer.write(member.value, level: level + 1)
      }
    }
  }

  private mutating func write<Item>(
    _ items: [Item], between brackets: (String, String), level: Int, _ write: (inout JSONWriter, Item) -> Void
  ) {
    put(brackets.0)
    for (index, item) in items.enumerated() {
      if index > 0 { put(",") }
      startLine(level: level + 1)
      write(&self, item)
    }
    if !items.isEmpty { startLine(level: level) }
    put(brackets.1)
  }

  private mutating func startLine(level: Int) {
    guard let indent else { return }
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: max(0, indent) * level))
  }

  private mutating func write(_ string: String) {
    bytes.append(0x22)
    for byte in string.utf8 {
      switch byte {
      case 0x22: put("\\\"")
      case 0x5C: put("\\\\")
      case 0x08: put("\\b")
      case 0x0C: put("\\f")
      case 0x0A: put("\\n")
      case 0x0D: put("\\r")
      case 0x09: put("\\t")
      case 0x00..<0x20: put((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }

  private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
