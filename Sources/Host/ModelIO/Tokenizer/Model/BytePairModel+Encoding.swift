extension BytePairModel {
  /// What one encoding keeps between words.
  struct Scratch {
    var cache = WordCache()
    var tokens: [Int32] = []
  }

  private static let longestWhole = 32
  /// Positions within a word are 32-bit numbers; what is longer is cut here, blindly.
  private static let longestWord = 1 << 30

  /// Appends the ids of one piece of well-formed UTF-8.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, scratch: inout Scratch, to ids: inout [Int32]
  ) {
    let whole = UnsafeBufferPointer(rebasing: text[piece])
    if ignoresMerges, let id = vocabulary.id(of: whole) {
      ids.append(id)
      return
    }
    guard piece.count > Self.longestWhole, prefix.isEmpty, suffix.isEmpty else {
      encodeWord(whole, scratch: &scratch, to: &ids)
      return
    }
    // A long piece is cut where no merge can reach across. Next to an unknown character it is not, since
    // neighbouring unknowns may fuse.
    var start = piece.lowerBound
    var position = start
    var last: Unicode.Scalar?
    while position < piece.upperBound {
      let (scalar, length) = text.scalar(at: position)
      let known = symbols.id(of: scalar) == nil ? nil : scalar
      if let last, let known, !symbols.hasJoint(last, known) {
        encodeWord(UnsafeBufferPointer(rebasing: text[start..<position]), scratch: &scratch, to: &ids)
        start = position
      }
      last = known
      position += length
    }
    encodeWord(UnsafeBufferPointer(rebasing: text[start..<position]), scratch: &scratch, to: &ids)
  }

  private func encodeWord(
    _ word: UnsafeBufferPointer<UInt8>, scratch: inout Scratch, to ids: inout [Int32]
  ) {
    if word.count > Self.longestWord {
      let cut = word.start(before: Self.longestWord)
      encodeWord(UnsafeBufferPointer(rebasing: word[..<cut]), scratch: &scratch, to: &ids)
      encodeWord(UnsafeBufferPointer(rebasing: word[cut...]), scratch: &scratch, to: &ids)
      return
    }
    if scratch.cache.append(word, to: &ids) { return }
    scratch.tokens.removeAll(keepingCapacity: true)
    appendSymbols(of: word, to: &scratch.tokens)
    merges.merge(&scratch.tokens)
    scratch.cache.store(word, scratch.tokens[...])
    ids.append(contentsOf: scratch.tokens)
  }

  /// The tokens of a word's single characters. Unknown characters fall back to their bytes, or to the unknown
  /// token, or are dropped. A pending unknown token is written when the next known character comes.
  private func appendSymbols(of word: UnsafeBufferPointer<UInt8>, to tokens: inout [Int32]) {
    var hasPendingUnknown = false
    var position = 0
    while position < word.count {
      let (scalar, length) = word.scalar(at: position)
      let isFirst = position == 0
      let range = position..<position + length
      position += length
      let isLast = position == word.count
      let decorated = decoratedSymbol(word, range, isFirst: isFirst, isLast: isLast)
      let id =
        decorated.map { $0.withUnsafeBufferPointer { vocabulary.id(of: $0) } } ?? symbols.id(of: scalar)
      if let id {
        if hasPendingUnknown, let unknown { tokens.append(unknown) }
        hasPendingUnknown = false
        tokens.append(id)
        continue
      }
      let bytes = decorated ?? Array(word[range])
      if let fallback = bytes.withUnsafeBufferPointer({ fallback(for: $0) }) {
        tokens.append(contentsOf: fallback)
      } else if let unknown {
        if hasPendingUnknown, !fusesUnknown { tokens.append(unknown) }
        hasPendingUnknown = true
      }
    }
    if hasPendingUnknown, let unknown { tokens.append(unknown) }
  }

  /// A symbol with the prefix and suffix of its place; nil where it gets neither.
  private func decoratedSymbol(
    _ word: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, isFirst: Bool, isLast: Bool
  ) -> [UInt8]? {
    let front = isFirst ? [] : prefix
    let back = isLast ? suffix : []
    return front.isEmpty && back.isEmpty ? nil : front + word[range] + back
  }
}
