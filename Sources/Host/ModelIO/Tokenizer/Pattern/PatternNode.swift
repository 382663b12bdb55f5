/// The syntax tree of a pattern.
indirect enum PatternNode: Sendable {
  enum Greed: Sendable { case greedy, lazy, possessive }

  enum Assertion: Int32, Sendable {
    case lineStart, lineEnd, textStart, textEnd, textEndOrLastNewline, wordBorder, noWordBorder
  }

  case set(ScalarSet)
  case sequence([PatternNode])
  case alternatives([PatternNode])
  case repeated(PatternNode, count: ClosedRange<Int>, Greed)
  /// Once matched it gives nothing back.
  case atomic(PatternNode)
  case lookahead(PatternNode, isNegative: Bool)
  /// What a single scalar before the position must (not) be.
  case lookbehind(ScalarSet, isNegative: Bool)
  case assertion(Assertion)

  /// An upper bound that stands for none.
  static let unbounded = Int(Int32.max)

  /// Whether the node can match without consuming anything.
  var canBeEmpty: Bool {
    switch self {
    case .set: false
    case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
    case .alternatives(let nodes): nodes.contains(where: \.canBeEmpty)
    case .repeated(let node, let count, _): count.lowerBound == 0 || node.canBeEmpty
    case .atomic(let node): node.canBeEmpty
    case .lookahead, .lookbehind, .assertion: true
    }
  }

  /// The bytes with which a match can start; nil where it can start with any, or be empty.
  var firstBytes: ByteSet? {
    switch self {
    case .set(let set): return ByteSet(leadsOf: set)
    case .alternatives(let nodes):
      var union = ByteSet()
      for node in nodes {
        guard let bytes = node.firstBytes else { return nil }
        union.formUnion(bytes)
      }
      return union
    case .sequence(let nodes):
      var union = ByteSet()
      for node in nodes {
        if case .lookahead = node { continue }
        if case .repeated(let body, let count, _) = node, count.lowerBound == 0, let bytes = body.firstBytes {
          union.formUnion(bytes)
          continue
        }
        guard let bytes = node.firstBytes else { return nil }
        union.formUnion(bytes)
        return union
      }
      return nil
    case .repeated(let node, let count, _): return count.lowerBound == 0 ? nil : node.firstBytes
    case .atomic(let node): return node.firstBytes
    case .lookahead, .lookbehind, .assertion: return nil
    }
  }
}

/// A set of byte values.
struct ByteSet: Sendable {
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  init() {}

  /// The lead bytes of a set's scalars; beyond ASCII every one.
  init(leadsOf set: ScalarSet) {
    for byte in UInt8(0)..<0x80 where set.contains(Unicode.Scalar(byte)) { insert(byte) }
    words.2 = .max
    words.3 = .max
  }

  private mutating func insert(_ byte: UInt8) {
    if byte < 64 { words.0 |= 1 << UInt64(byte) } else { words.1 |= 1 << UInt64(byte & 63) }
  }

  mutating func formUnion(_ other: ByteSet) {
    words.0 |= other.words.0
    words.1 |= other.words.1
    words.2 |= other.words.2
    words.3 |= other.words.3
  }

  @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    let word = byte < 128 ? (byte < 64 ? words.0 : words.1) : (byte < 192 ? words.2 : words.3)
    return word >> UInt64(byte & 63) & 1 == 1
  }
}
