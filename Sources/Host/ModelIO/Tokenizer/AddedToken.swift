/// A token that is found in the text itself, before any model sees it.
struct AddedToken: Sendable {
  let id: Int32
  let content: [UInt8]
  /// Left out of decoded text on request.
  let isSpecial: Bool
  /// Searched in the normalized text and not in the text as given.
  let isNormalized: Bool
  /// Takes the white space before and behind it along.
  let stripsLeft: Bool
  let stripsRight: Bool
  /// Counts only where no word character touches it.
  let isSingleWord: Bool

  init(_ fields: ComponentFields) throws(TokenizerError) {
    id = try fields.count("id")
    content = Array(try fields.string("content").utf8)
    isSpecial = try fields.bool("special", default: false)
    isNormalized = try fields.bool("normalized", default: !isSpecial)
    stripsLeft = try fields.bool("lstrip", default: false)
    stripsRight = try fields.bool("rstrip", default: false)
    isSingleWord = try fields.bool("single_word", default: false)
  }

  /// The same token under the id that the model gives its content.
  init(_ token: AddedToken, id: Int32) {
    self.id = id
    content = token.content
    isSpecial = token.isSpecial
    isNormalized = token.isNormalized
    stripsLeft = token.stripsLeft
    stripsRight = token.stripsRight
    isSingleWord = token.isSingleWord
  }
}
