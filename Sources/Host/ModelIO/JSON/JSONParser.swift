extension JSON {
  /// Parses one JSON text. Duplicate keys, invalid UTF-8, lone surrogates, more than 512 levels of nesting,
  /// numbers beyond the range of `Double` and anything after the value are errors in every dialect.
  public init(parsing bytes: UnsafeRawBufferPointer, dialect: Dialect = .strict) throws(JSONError) {
    var parser = JSONParser(bytes: bytes, dialect: dialect)
    self = try parser.document()
  }

  /// Parses one JSON text.
  public init(parsing text: String, dialect: Dialect = .strict) throws(JSONError) {
    let parsed: Result<JSON, JSONError>
    var text = text
    parsed = text.withUTF8 { utf8 in
      Result { () throws(JSONError) in try JSON(parsing: UnsafeRawBufferPointer(utf8), dialect: dialect) }
    }
    self = try parsed.get()
  }
}

/// A recursive-descent parser over bytes whose UTF-8 is checked once, before anything else.
struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let isJSON5: Bool
  var position = 0
  private var depth = 0

  static let deepest = 512

  init(bytes: UnsafeRawBufferPointer, dialect: JSON.Dialect) {
    self.bytes = bytes
    isJSON5 = dialect == .json5
  }

  /// The byte at the position, 0 at the end of the text (a zero byte is legal nowhere outside strings).
  var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

  func error(_ reason: String, at offset: Int? = nil) -> JSONError {
    JSONError(reason, at: offset ?? position, in: bytes)
  }

  /// An error that names the character at the position.
  func unexpected(expecting what: String) -> JSONError {
    guard position < bytes.count else { return error("the text ends where \(what) should be") }
    guard let scalar = scalarAtPosition, scalar.value >= 0x20 else {
      return error("a control character where \(what) should be")
    }
    return error("`\(scalar)` where \(what) should be")
  }

  mutating func document() throws(JSONError) -> JSON {
    if let offset = bytes.firstInvalidUTF8 { throw error("invalid UTF-8", at: offset) }
    try skipSpace()
    let value = try value()
    try skipSpace()
    guard position == bytes.count else { throw unexpected(expecting: "the end of the text") }
    return value
  }

  private mutating func value() throws(JSONError) -> JSON {
    switch current {
    case 0x22: return .string(try string())  // "
    case 0x7B: return .object(try object())  // {
    case 0x5B: return .array(try array())  // [
    case 0x27 where isJSON5: return .string(try string())  // '
    case 0x74: return try word("true", .bool(true))
    case 0x66: return try word("false", .bool(false))
    case 0x6E: return try word("null", .null)
    case 0x2D, 0x30...0x39: return try number()
    case 0x2B where isJSON5, 0x2E where isJSON5: return try number()  // + and .
    default: throw unexpected(expecting: "a value")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    for offset in 0..<word.utf8CodeUnitCount {
      guard current == word.utf8Start[offset] else { throw unexpected(expecting: "`\(word)`") }
      position += 1
    }
    return value
  }

  private mutating func descend() throws(JSONError) {
    depth += 1
    guard depth <= Self.deepest else { throw error("more than \(Self.deepest) levels of nesting") }
    position += 1
    try skipSpace()
  }

  /// Steps over a comma; false at the closing bracket.
  private mutating func another(before closing: UInt8) throws(JSONError) -> Bool {
    try skipSpace()
    if current == 0x2C {  // ,
      position += 1
      try skipSpace()
      guard current == closing else { return true }
      guard isJSON5 else { throw error("a comma before the closing bracket") }
    }
    guard current == closing else { throw unexpected(expecting: "a comma or the closing bracket") }
    return false
  }

  private mutating func array() throws(JSONError) -> [JSON] {
    try descend()
    var elements: [JSON] = []
    if current != 0x5D {  // ]
      repeat { elements.append(try value()) } while try another(before: 0x5D)
    }
    position += 1
    depth -= 1
    return elements
  }

  private mutating func object() throws(JSONError) -> JSONObject {
    try descend()
    var members = JSONObject()
    if current != 0x7D {  // }
      repeat {
        let start = position
        let key = try key()
        try skipSpace()
        guard current == 0x3A else { throw unexpected(expecting: "a colon") }
        position += 1
        try skipSpace()
        guard members.insert(try value(), forNew: key) else {
          throw error("the key `\(key)` is there twice", at: start)
        }
      } while try another(before: 0x7D)
    }
    position += 1
    depth -= 1
    return members
  }
}
