extension PatternParser {
  /// The node with the quantifiers that follow it.
  mutating func quantified(_ node: PatternNode) throws(PatternError) -> PatternNode {
    var node = node
    while let (count, isInterval) = try quantifier() {
      // After an interval, Ruby's syntax reads `+` as one more quantifier and not as possession.
      let greed: PatternNode.Greed = take("?") ? .lazy : !isInterval && take("+") ? .possessive : .greedy
      node = .repeated(node, count: count, greed)
    }
    return node
  }

  private mutating func quantifier() throws(PatternError) -> (count: ClosedRange<Int>, isInterval: Bool)? {
    if take("*") { return (0...PatternNode.unbounded, false) }
    if take("+") { return (1...PatternNode.unbounded, false) }
    if take("?") { return (0...1, false) }
    let start = position
    guard take("{") else { return nil }
    let least = try integer()
    let most = take(",") ? try integer() ?? PatternNode.unbounded : least
    guard take("}"), let most, least != nil || most != PatternNode.unbounded else {
      // A brace that is no interval is a plain character.
      position = start
      return nil
    }
    guard (least ?? 0) <= most else { throw error("repeats at least more often than at most") }
    return ((least ?? 0)...most, true)
  }

  private mutating func integer() throws(PatternError) -> Int? {
    var value: Int?
    while let digit = current.flatMap({ Int(exactly: $0.value)?.decimalDigit }) {
      value = (value ?? 0) * 10 + digit
      guard (value ?? 0) <= Self.mostRepetitions else {
        throw error("repeats more than \(Self.mostRepetitions) times")
      }
      position += 1
    }
    return value
  }
}

extension Int {
  fileprivate var decimalDigit: Int? { (0x30...0x39).contains(self) ? self - 0x30 : nil }
}
