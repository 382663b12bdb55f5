/// The added tokens of a tokenizer, ready to be found and named.
struct AddedVocabulary: Sendable {
  /// Finds the tokens searched for in the text as given, and in the normalized text.
  let raw: AddedTokenFinder
  let normalized: AddedTokenFinder
  private var idsByContent: [[UInt8]: Int32] = [:]
  private var contentsByID: [Int32: [UInt8]] = [:]
  private var specialContents: Set<[UInt8]> = []
  /// The largest id plus one.
  private(set) var size = 0

  /// - Parameter vocabulary: where it has an added token's content, its id counts.
  init(_ list: [AddedToken], vocabulary: Vocabulary, normalizer: (any TextNormalizer)?) {
    var searched: (raw: [([UInt8], AddedToken)], normalized: [([UInt8], AddedToken)]) = ([], [])
    for listed in list where !listed.content.isEmpty {
      let id = listed.content.withUnsafeBufferPointer { vocabulary.id(of: $0) }
      let token = AddedToken(listed, id: id ?? listed.id)
      idsByContent[token.content] = token.id
      contentsByID[token.id] = token.content
      if token.isSpecial { specialContents.insert(token.content) }
      size = max(size, Int(token.id) + 1)
      if token.isNormalized {
        searched.normalized.append((normalizer?.normalize(token.content) ?? token.content, token))
      } else {
        searched.raw.append((token.content, token))
      }
    }
    raw = AddedTokenFinder(searched.raw)
    normalized = AddedTokenFinder(searched.normalized)
  }

  func id(of token: String) -> Int32? { idsByContent[Array(token.utf8)] }

  func token(of id: Int32) -> [UInt8]? { contentsByID[id] }

  func isSpecial(_ token: [UInt8]) -> Bool { specialContents.contains(token) }
}
