/// A compiled regular expression over UTF-8, or a plain string to be found.
///
/// Matching backtracks: a pattern made for it, such as `(a+)+b`, takes exponential time.
struct Pattern: Sendable {
  private let program: PatternProgram
  private let guardBytes: ByteSet?

  /// Compiles a regular expression.
  init(_ expression: String) throws(PatternError) {
    try self.init(node: try PatternParser.parse(expression))
  }

  /// A pattern that matches `literal` and nothing else.
  init(literal: String) throws(PatternError) {
    try self.init(node: .sequence(literal.unicodeScalars.map { .set(.scalar($0)) }))
  }

  /// A pattern that matches each scalar of a set by itself.
  init(each set: ScalarSet) throws(PatternError) { try self.init(node: .set(set)) }

  private init(node: PatternNode) throws(PatternError) {
    program = try PatternProgram(node)
    guardBytes = node.firstBytes
  }

  /// Appends the matches within `range` of well-formed UTF-8, from left to right and without overlap. Nothing
  /// outside `range` is seen. An empty match directly behind another match does not count.
  func appendMatches(
    in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to matches: inout [Range<Int>]
  ) {
    var matcher = PatternMatcher(program, text: text, range: range)
    var start = range.lowerBound
    var lastEnd = -1
    while start <= range.upperBound {
      if let guardBytes {
        while start < range.upperBound, !guardBytes.contains(text[start]) { start += 1 }
        guard start < range.upperBound else { return }
      }
      if let end = matcher.end(ofMatchAt: start), end > start || lastEnd != start {
        matches.append(start..<end)
        lastEnd = end
        if end > start {
          start = end
          continue
        }
      }
      guard start < range.upperBound else { return }
      start += text.scalarLength(at: start)
    }
  }

  /// `text` with every match replaced.
  func replacing(in text: [UInt8], with replacement: [UInt8]) -> [UInt8] {
    text.withUnsafeBufferPointer { buffer in
      var matches: [Range<Int>] = []
      appendMatches(in: buffer, 0..<buffer.count, to: &matches)
      guard !matches.isEmpty else { return text }
      var result: [UInt8] = []
      result.reserveCapacity(text.count + matches.count * replacement.count)
      var position = 0
      for match in matches {
        result.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[position..<match.lowerBound]))
        result.append(contentsOf: replacement)
        position = match.upperBound
      }
      result.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[position...]))
      return result
    }
  }
}
