extension Tokenizer {
  /// The text of some ids. Unknown ids are skipped; bytes that do not make UTF-8 become U+FFFD.
  ///
  /// An added token reads as the file writes it, as in version 0.20 of Hugging Face `tokenizers`; later ones
  /// give its normalized form, and so no longer skip special tokens that are searched for in normalized text.
  public func decode(_ ids: [Int32], skipSpecialTokens: Bool = true) -> String {
    var tokens: [[UInt8]] = []
    for id in ids {
      guard let token = tokenBytes(of: id), !(skipSpecialTokens && added.isSpecial(token)) else { continue }
      tokens.append(token)
    }
    guard let decoder else { return String(decoding: Array(tokens.joined(separator: [0x20])), as: UTF8.self) }
    return String(decoding: Array(decoder.decode(tokens).joined()), as: UTF8.self)
  }
}
