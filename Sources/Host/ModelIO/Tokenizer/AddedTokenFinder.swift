/// Finds added tokens in a text: the leftmost first, the longest of several that begin at one place.
struct AddedTokenFinder: Sendable {
  struct Segment: Equatable {
    let range: Range<Int>
    /// The token that the range is; nil for text in between.
    let id: Int32?
  }

  private var table = ByteTable()
  private var tokens: [AddedToken] = []
  /// The lengths of the contents that begin with each byte, longest first.
  private var lengths = [[Int]](repeating: [], count: 256)

  /// - Parameter contents: what to search for, which is a token's content or its normalized form.
  init(_ contents: [(content: [UInt8], token: AddedToken)]) {
    for (content, token) in contents {
      guard let first = content.first else { continue }
      let (index, isNew) = content.withUnsafeBufferPointer { table.insert($0) }
      if isNew { tokens.append(token) } else { tokens[index] = token }
      let known = lengths[Int(first)]
      if !known.contains(content.count) { lengths[Int(first)] = (known + [content.count]).sorted(by: >) }
    }
  }

  var isEmpty: Bool { tokens.isEmpty }

  /// Cuts well-formed UTF-8 into tokens and the text between them.
  func segments(of bytes: [UInt8]) -> [Segment] {
    guard !isEmpty else { return bytes.isEmpty ? [] : [Segment(range: 0..<bytes.count, id: nil)] }
    var segments: [Segment] = []
    bytes.withUnsafeBufferPointer { text in
      var done = 0
      var position = 0
      while position < text.count {
        guard let (token, end) = match(in: text, at: position) else {
          position += 1
          continue
        }
        if !token.isSingleWord || isWord(text, position..<end) {
          let start = token.stripsLeft ? max(spaceStart(text, before: position), done) : position
          let stop = token.stripsRight ? spaceEnd(text, behind: end) : end
          if done < start { segments.append(Segment(range: done..<start, id: nil)) }
          segments.append(Segment(range: start..<stop, id: token.id))
          done = stop
        }
        position = end
      }
      if done < text.count { segments.append(Segment(range: done..<text.count, id: nil)) }
    }
    return segments
  }

  private func match(in text: UnsafeBufferPointer<UInt8>, at position: Int) -> (AddedToken, Int)? {
    for length in lengths[Int(text[position])] where position + length <= text.count {
      let candidate = UnsafeBufferPointer(rebasing: text[position..<position + length])
      if let index = table.index(of: candidate) { return (tokens[index], position + length) }
    }
    return nil
  }

  private func isWord(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    if range.lowerBound > 0, Self.isWordScalar(text.scalar(at: text.start(before: range.lowerBound)).scalar) {
      return false
    }
    return range.upperBound == text.count || !Self.isWordScalar(text.scalar(at: range.upperBound).scalar)
  }

  private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
    ScalarSet.word.contains(scalar) || scalar == "\u{200C}" || scalar == "\u{200D}"
  }

  private func spaceStart(_ text: UnsafeBufferPointer<UInt8>, before position: Int) -> Int {
    var position = position
    while position > 0 {
      let start = text.start(before: position)
      guard text.scalar(at: start).scalar.properties.isWhitespace else { break }
      position = start
    }
    return position
  }

  private func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, behind position: Int) -> Int {
    var position = position
    while position < text.count {
      let (scalar, length) = text.scalar(at: position)
      guard scalar.properties.isWhitespace else { break }
      position += length
    }
    return position
  }
}
