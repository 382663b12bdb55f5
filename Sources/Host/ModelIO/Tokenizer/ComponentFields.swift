/// The members of one component in a tokenizer.json, read with errors that say where they are.
struct ComponentFields {
  let object: JSONObject
  /// The component's place in the file, for messages: `decoder.decoders[1]`.
  let place: String
  let path: String

  init(_ json: JSON?, place: String, path: String) throws(TokenizerError) {
    guard let object = json?.objectValue else {
      throw .malformed(path: path, member: place, expected: "an object")
    }
    self.object = object
    self.place = place
    self.path = path
  }

  /// Nil where the component is absent or null.
  init?(optional json: JSON?, place: String, path: String) throws(TokenizerError) {
    guard let json, !json.isNull else { return nil }
    try self.init(json, place: place, path: path)
  }

  private func value<Value>(
    _ name: String, default fallback: Value?, _ expected: String, _ convert: (JSON) -> Value?
  ) throws(TokenizerError) -> Value {
    let json = object[name]
    if let fallback, json.map(\.isNull) ?? true { return fallback }
    guard let value = json.flatMap(convert) else { throw malformed(name, expected: expected) }
    return value
  }

  func malformed(_ name: String, expected: String) -> TokenizerError {
    .malformed(path: path, member: "\(place).\(name)", expected: expected)
  }

  func type() throws(TokenizerError) -> String { try string("type") }

  func string(_ name: String, default fallback: String? = nil) throws(TokenizerError) -> String {
    try value(name, default: fallback, "a string") { $0.stringValue }
  }

  /// A string, nil where it is absent, null or empty.
  func nonEmptyString(_ name: String) throws(TokenizerError) -> String? {
    let text = try string(name, default: "")
    return text.isEmpty ? nil : text
  }

  func bool(_ name: String, default fallback: Bool) throws(TokenizerError) -> Bool {
    try value(name, default: fallback, "a boolean") { $0.boolValue }
  }

  /// A non-negative integer that fits a token id.
  func count(_ name: String, default fallback: Int32? = nil) throws(TokenizerError) -> Int32 {
    try value(name, default: fallback, "an integer from 0 to \(Int32.max)") { Int32(tokenID: $0) }
  }

  func array(_ name: String) throws(TokenizerError) -> [JSON] {
    try value(name, default: nil, "an array") { $0.arrayValue }
  }

  func members(_ name: String) throws(TokenizerError) -> JSONObject {
    try value(name, default: nil, "an object") { $0.objectValue }
  }

  /// The components of a sequence.
  func components(_ name: String) throws(TokenizerError) -> [ComponentFields] {
    var components: [ComponentFields] = []
    for (index, json) in try array(name).enumerated() {
      components.append(try ComponentFields(json, place: "\(place).\(name)[\(index)]", path: path))
    }
    return components
  }

  /// A pattern as tokenizers write it: `{"String": …}` or `{"Regex": …}`.
  func pattern(_ name: String) throws(TokenizerError) -> Pattern {
    let json = object[name]
    let literal = json?["String"]?.stringValue ?? json?.stringValue
    let expression = json?["Regex"]?.stringValue
    guard let text = literal ?? expression, !text.isEmpty else {
      throw malformed(name, expected: "an object with a non-empty `String` or `Regex`")
    }
    do { return try literal == nil ? Pattern(text) : Pattern(literal: text) } catch {
      throw .badPattern(path: path, pattern: text, reason: error.reason)
    }
  }

  /// A pattern of ours.
  func builtIn(_ expression: String) throws(TokenizerError) -> Pattern {
    do { return try Pattern(expression) } catch {
      throw .badPattern(path: path, pattern: expression, reason: error.reason)
    }
  }

  func unknown(_ role: String, type: String) -> TokenizerError {
    .unknownComponent(path: path, role: role, type: type)
  }
}

extension Int32 {
  /// A token id; nil where the value is no integer from 0 to `Int32.max`.
  init?(tokenID json: JSON) {
    guard let id = json.intValue, id >= 0, let exact = Int32(exactly: id) else { return nil }
    self = exact
  }
}
