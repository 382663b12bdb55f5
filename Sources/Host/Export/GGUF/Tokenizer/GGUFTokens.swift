import ModelIO

/// The tokens of a `tokenizer.json` by id, with what each is.
struct GGUFTokens {
  /// Raw values are those of `tokenizer.ggml.token_type`.
  enum Kind: Int32 {
    case normal = 1
    case unknown = 2
    case control = 3
    case userDefined = 4
    case unused = 5
    case byte = 6
  }

  private(set) var texts: [String] = []
  private(set) var kinds: [Kind] = []

  /// - Parameter count: rows of the embedding; ids without a token become unused ones.
  init(_ json: JSON, count: Int, path: String, hasByteTokens: Bool) throws(GGUFObstacle) {
    var found: [Int: (text: String, kind: Kind)] = [:]
    let unknown = json["model"]?["unk_token"]?.stringValue
    for (text, id) in json["model"]?["vocab"]?.objectValue ?? JSONObject() {
      guard let id = id.intValue else { continue }
      guard found[id] == nil else { throw .tokenizer(path: path, reason: "two tokens have the id \(id)") }
      let isByte = hasByteTokens && Self.byte(text) != nil
      found[id] = (text, text == unknown ? .unknown : isByte ? .byte : .normal)
    }
    var ids: [String: Int] = [:]
    for (id, token) in found { ids[token.text] = id }
    for token in json["added_tokens"]?.arrayValue ?? [] {
      guard let text = token["content"]?.stringValue, let listed = token["id"]?.intValue else { continue }
      // Where the vocabulary has the text, its id counts.
      let kind: Kind = token["special"]?.boolValue == true ? .control : .userDefined
      found[ids[text] ?? listed] = (text, text == unknown ? .unknown : kind)
    }
    if let last = found.keys.max(), last >= count {
      throw .tokenizer(
        path: path,
        reason: "token \(last) is beyond the \(count) rows of the embedding; fetch the tokenizer again")
    }
    var taken = Set(found.values.map(\.text))
    for id in 0..<count {
      if let token = found[id] {
        texts.append(token.text)
        kinds.append(token.kind)
      } else {
        var text = "[PAD\(id)]"
        while !taken.insert(text).inserted { text += "_" }
        texts.append(text)
        kinds.append(.unused)
      }
    }
  }

  /// The byte that `<0x0A>` stands for.
  static func byte(_ text: String) -> UInt8? {
    guard text.utf8.count == 6, text.hasPrefix("<0x"), text.hasSuffix(">") else { return nil }
    return UInt8(text.dropFirst(3).dropLast(), radix: 16)
  }

  var metadata: [(key: String, value: GGUFValue)] {
    [
      ("tokenizer.ggml.tokens", .array(.string, texts.map(GGUFValue.string))),
      ("tokenizer.ggml.token_type", .array(.i32, kinds.map { .i32($0.rawValue) })),
    ]
  }
}
