/// Reads the syntax of Oniguruma's Ruby flavour, as far as tokenizers use it: alternatives, groups,
/// quantifiers of all three greeds, classes with intersections, Unicode properties, look-ahead, look-behind
/// of one scalar.
struct PatternParser {
  let scalars: [Unicode.Scalar]
  var position = 0
  var ignoresCase = false
  var dotMatchesNewline = false
  private var depth = 0

  static let deepest = 100
  static let mostRepetitions = 1000

  init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

  static func parse(_ pattern: String) throws(PatternError) -> PatternNode {
    var parser = PatternParser(pattern)
    let node = try parser.alternatives()
    guard parser.current == nil else { throw parser.error("closes a group that was never opened") }
    return node
  }

  var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  func error(_ reason: String) -> PatternError {
    PatternError(reason: "\(reason), at character \(position + 1)")
  }

  mutating func take(_ text: String) -> Bool {
    let expected = Array(text.unicodeScalars)
    guard scalars[position...].starts(with: expected) else { return false }
    position += expected.count
    return true
  }

  mutating func next() throws(PatternError) -> Unicode.Scalar {
    guard let scalar = current else { throw error("ends too early") }
    position += 1
    return scalar
  }

  mutating func enter() throws(PatternError) {
    depth += 1
    guard depth <= Self.deepest else { throw error("has too many nested groups") }
  }

  mutating func leave() { depth -= 1 }

  private mutating func alternatives() throws(PatternError) -> PatternNode {
    try enter()
    defer { leave() }
    let options = (ignoresCase, dotMatchesNewline)
    defer { (ignoresCase, dotMatchesNewline) = options }
    var branches: [PatternNode] = []
    repeat { branches.append(try sequence()) } while take("|")
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func sequence() throws(PatternError) -> PatternNode {
    var nodes: [PatternNode] = []
    while let scalar = current, scalar != "|", scalar != ")" {
      guard let node = try atom() else { continue }
      nodes.append(try quantified(node))
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  /// One atom; nil for what only sets options.
  private mutating func atom() throws(PatternError) -> PatternNode? {
    let scalar = try next()
    switch scalar {
    case "(": return try group()
    case "[": return .set(try characterClass())
    case "\\": return try escape()
    case "^": return .assertion(.lineStart)
    case "$": return .assertion(.lineEnd)
    case ".":
      return .set(dotMatchesNewline ? ScalarSet(items: [.property(.any)]) : ScalarSet.scalar("\n").negated)
    case "*", "+", "?": throw error("repeats nothing")
    default: return literal(scalar)
    }
  }

  func literal(_ scalar: Unicode.Scalar) -> PatternNode {
    var set = ScalarSet.scalar(scalar)
    set.ignoresCase = ignoresCase
    return .set(set)
  }

  private mutating func group() throws(PatternError) -> PatternNode? {
    guard take("?") else { return try body { $0 } }
    if take(":") { return try body { $0 } }
    if take(">") { return try body { .atomic($0) } }
    if take("=") { return try body { .lookahead($0, isNegative: false) } }
    if take("!") { return try body { .lookahead($0, isNegative: true) } }
    if take("<=") { return try lookbehind(isNegative: false) }
    if take("<!") { return try lookbehind(isNegative: true) }
    if take("<") || take("P<") {
      while try next() != ">" {}
      return try body { $0 }
    }
    return try options()
  }

  private mutating func body(_ wrap: (PatternNode) -> PatternNode) throws(PatternError) -> PatternNode {
    let node = try alternatives()
    guard take(")") else { throw error("has a group that is never closed") }
    return wrap(node)
  }

  private mutating func lookbehind(isNegative: Bool) throws(PatternError) -> PatternNode {
    guard case .set(let set) = try body({ $0 }) else {
      throw error("looks behind at more than one character, which is not supported")
    }
    return .lookbehind(set, isNegative: isNegative)
  }

  /// `(?i:…)`, or `(?i)` up to the end of the enclosing group.
  private mutating func options() throws(PatternError) -> PatternNode? {
    let outer = (ignoresCase, dotMatchesNewline)
    var value = true
    while true {
      switch try next() {
      case "i": ignoresCase = value
      case "m", "s": dotMatchesNewline = value
      case "-": value = false
      case ")": return nil
      case ":":
        let node = try body { $0 }
        (ignoresCase, dotMatchesNewline) = outer
        return node
      case let other: throw error("has the unknown group option `\(other)`")
      }
    }
  }
}
