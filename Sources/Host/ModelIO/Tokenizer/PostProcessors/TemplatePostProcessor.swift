/// Puts fixed tokens around the text, as its template for a single text says.
struct TemplatePostProcessor: PostProcessor {
  private enum Element {
    case text
    case tokens([Int32])
  }

  private let elements: [Element]

  init(_ fields: ComponentFields) throws(TokenizerError) {
    let special = try fields.members("special_tokens")
    var elements: [Element] = []
    for (index, json) in try fields.array("single").enumerated() {
      let name = "single[\(index)]"
      if json["Sequence"]?["id"]?.stringValue == "A" {
        elements.append(.text)
      } else if let token = json["SpecialToken"]?["id"]?.stringValue {
        elements.append(.tokens(try Self.ids(of: token, in: special, fields)))
      } else {
        throw fields.malformed(name, expected: "the sequence `A` or a special token")
      }
    }
    self.elements = elements
  }

  /// `cls`, the text, `sep`: the fixed template of BERT and RoBERTa.
  init(enclosing fields: ComponentFields) throws(TokenizerError) {
    elements = [
      .tokens([try Self.id(ofPair: "cls", fields)]), .text, .tokens([try Self.id(ofPair: "sep", fields)]),
    ]
  }

  private static func id(ofPair name: String, _ fields: ComponentFields) throws(TokenizerError) -> Int32 {
    let pair = try fields.array(name)
    guard pair.count == 2, let id = Int32(tokenID: pair[1]) else {
      throw fields.malformed(name, expected: "a token and its id")
    }
    return id
  }

  private static func ids(
    of token: String, in special: JSONObject, _ fields: ComponentFields
  ) throws(TokenizerError) -> [Int32] {
    let list = special[token]?["ids"]?.arrayValue ?? []
    let ids = list.compactMap { Int32(tokenID: $0) }
    guard !ids.isEmpty, ids.count == list.count else {
      throw fields.malformed("special_tokens[\"\(token)\"].ids", expected: "a list of token ids")
    }
    return ids
  }

  func process(_ ids: [Int32]) -> [Int32] {
    elements.flatMap { element in
      switch element {
      case .text: ids
      case .tokens(let tokens): tokens
      }
    }
  }
}
