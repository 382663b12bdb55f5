extension Tokenizer {
  /// The ids of a text.
  /// - Parameter addSpecialTokens: whether the post-processor adds its tokens. Special tokens written out in
  ///   the text are recognised either way.
  public func encode(_ text: String, addSpecialTokens: Bool = false) -> [Int32] {
    encode(wellFormed: Array(text.utf8), addSpecialTokens: addSpecialTokens)
  }

  /// The ids of a text given as UTF-8. What is no UTF-8 counts as U+FFFD.
  public func encode(utf8 text: UnsafeRawBufferPointer, addSpecialTokens: Bool = false) -> [Int32] {
    guard text.firstInvalidUTF8 == nil else {
      return encode(String(decoding: text, as: UTF8.self), addSpecialTokens: addSpecialTokens)
    }
    return encode(wellFormed: Array(text), addSpecialTokens: addSpecialTokens)
  }

  private func encode(wellFormed text: [UInt8], addSpecialTokens: Bool) -> [Int32] {
    var ids: [Int32] = []
    var scratch = BytePairModel.Scratch()
    for segment in added.raw.segments(of: text) {
      if let id = segment.id {
        ids.append(id)
      } else {
        let isWhole = segment.range == 0..<text.count
        encode(
          segment: isWhole ? text : Array(text[segment.range]), isAtInputStart: segment.range.lowerBound == 0,
          scratch: &scratch, to: &ids)
      }
    }
    guard addSpecialTokens, let postProcessor else { return ids }
    return postProcessor.process(ids)
  }

  /// Encodes what lies between two added tokens of the raw text.
  private func encode(
    segment: [UInt8], isAtInputStart: Bool, scratch: inout BytePairModel.Scratch, to ids: inout [Int32]
  ) {
    let text = normalizer?.normalize(segment) ?? segment
    for part in added.normalized.segments(of: text) {
      if let id = part.id {
        ids.append(id)
        continue
      }
      let isWhole = part.range == 0..<text.count
      var pieced = PiecedText(
        isWhole ? text : Array(text[part.range]), isAtInputStart: isAtInputStart && part.range.lowerBound == 0
      )
      preTokenizer?.split(&pieced)
      pieced.bytes.withUnsafeBufferPointer { bytes in
        for piece in pieced.pieces { model.encode(bytes, piece, scratch: &scratch, to: &ids) }
      }
    }
  }
}
