import Tensors

/// A byte-pair tokenizer as a Hugging Face `tokenizer.json` describes it: added tokens are cut out of the
/// text, the rest is normalized, cut into pieces, encoded by the model, and framed by the post-processor.
///
/// The file's `truncation` and `padding` are ignored: a text is always encoded whole.
public struct Tokenizer: Sendable {
  let added: AddedVocabulary
  let normalizer: (any TextNormalizer)?
  let preTokenizer: (any PreTokenizer)?
  let model: BytePairModel
  let postProcessor: (any PostProcessor)?
  let decoder: (any TokenDecoder)?

  /// Reads a `tokenizer.json`.
  public init(path: String) throws(TokenizerError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch {
      throw .cannotRead(path: path, reason: error.description)
    }
    let json: JSON
    do {
      json = try JSON(parsing: UnsafeRawBufferPointer(start: file.storage.base, count: file.byteCount))
    } catch {
      throw .notJSON(path: path, error: error)
    }
    try self.init(json: json, path: path)
  }

  /// Reads a tokenizer from the contents of its file.
  /// - Parameter path: the file, named in errors.
  public init(json: JSON, path: String) throws(TokenizerError) {
    func fields(_ name: String) throws(TokenizerError) -> ComponentFields? {
      try ComponentFields(optional: json[name], place: name, path: path)
    }
    guard json.objectValue != nil else {
      throw .malformed(path: path, member: "the file", expected: "an object")
    }
    model = try BytePairModel(try ComponentFields(json["model"], place: "model", path: path))
    normalizer = try fields("normalizer")?.normalizer()
    preTokenizer = try fields("pre_tokenizer")?.preTokenizer()
    postProcessor = try fields("post_processor")?.postProcessor()
    decoder = try fields("decoder")?.decoder()
    added = AddedVocabulary(
      try Self.addedTokens(json, path: path), vocabulary: model.vocabulary, normalizer: normalizer)
  }

  private static func addedTokens(_ json: JSON, path: String) throws(TokenizerError) -> [AddedToken] {
    guard let list = json["added_tokens"], !list.isNull else { return [] }
    guard let elements = list.arrayValue else {
      throw .malformed(path: path, member: "added_tokens", expected: "an array")
    }
    var tokens: [AddedToken] = []
    for (index, element) in elements.enumerated() {
      tokens.append(
        try AddedToken(try ComponentFields(element, place: "added_tokens[\(index)]", path: path)))
    }
    return tokens
  }

  /// The largest id plus one, over the model's tokens and the added ones.
  public var vocabularySize: Int { max(model.vocabulary.size, added.size) }

  /// The id of a token, written as the file writes it.
  public func tokenID(of token: String) -> Int32? { added.id(of: token) ?? model.vocabulary.id(of: token) }

  /// The token of an id, written as the file writes it.
  public func token(of id: Int32) -> String? {
    tokenBytes(of: id).map { String(decoding: $0, as: UTF8.self) }
  }

  func tokenBytes(of id: Int32) -> [UInt8]? { added.token(of: id) ?? model.vocabulary.token(of: id) }
}
