extension PatternParser {
  /// A bracketed class, behind its opening bracket.
  mutating func characterClass() throws(PatternError) -> ScalarSet {
    try enter()
    defer { leave() }
    let isNegated = take("^")
    var operands: [ScalarSet] = []
    var set = ScalarSet(ignoresCase: ignoresCase)
    var isFirst = true
    while isFirst || current != "]" {
      if take("&&") {
        operands.append(set)
        set = ScalarSet(ignoresCase: ignoresCase)
      } else {
        set.items.append(try classItem())
      }
      isFirst = false
    }
    position += 1
    guard !operands.isEmpty else {
      set.isNegated = isNegated
      return set
    }
    return ScalarSet(items: [.intersection(operands + [set])], isNegated: isNegated)
  }

  private mutating func classItem() throws(PatternError) -> ScalarSet.Item {
    if take("[:") { throw error("has a POSIX bracket, which is not supported") }
    if take("[") { return .set(try characterClass()) }
    let start: Unicode.Scalar
    switch try classScalar() {
    case .set(let set): return .set(set)
    case .scalar(let scalar): start = scalar
    }
    let dash = position
    guard take("-"), let end = current, end != "]", end != "[" else {
      position = dash
      return .range(start.value...start.value)
    }
    guard case .scalar(let last) = try classScalar() else { throw error("has a range that ends in a class") }
    guard start <= last else { throw error("has a range that ends before it starts") }
    return .range(start.value...last.value)
  }

  private enum ClassScalar { case set(ScalarSet), scalar(Unicode.Scalar) }

  private mutating func classScalar() throws(PatternError) -> ClassScalar {
    let scalar = try next()
    guard scalar == "\\" else { return .scalar(scalar) }
    let letter = try next()
    if let set = try classEscape(letter) { return .set(set) }
    return .scalar(letter == "b" ? "\u{08}" : try scalarEscape(letter))
  }

  /// An escape outside brackets, behind its backslash.
  mutating func escape() throws(PatternError) -> PatternNode {
    let letter = try next()
    switch letter {
    case "A": return .assertion(.textStart)
    case "z": return .assertion(.textEnd)
    case "Z": return .assertion(.textEndOrLastNewline)
    case "b": return .assertion(.wordBorder)
    case "B": return .assertion(.noWordBorder)
    case "R":
      let newline = ScalarSet(items: [.range(0x0A...0x0D), .range(0x85...0x85), .range(0x2028...0x2029)])
      return .atomic(.alternatives([.sequence([.set(.scalar("\r")), .set(.scalar("\n"))]), .set(newline)]))
    case "1"..."9", "k", "g", "G", "K", "X": throw error("uses `\\\(letter)`, which is not supported")
    default:
      if let set = try classEscape(letter) { return .set(set) }
      return literal(try scalarEscape(letter))
    }
  }

  private mutating func classEscape(_ letter: Unicode.Scalar) throws(PatternError) -> ScalarSet? {
    switch letter {
    case "s": return .whitespace
    case "S": return ScalarSet.whitespace.negated
    case "d": return .digits
    case "D": return ScalarSet.digits.negated
    case "w": return .word
    case "W": return ScalarSet.word.negated
    case "h", "H":
      let digits = ScalarSet(items: [.range(0x30...0x39), .range(0x41...0x46), .range(0x61...0x66)])
      return letter == "h" ? digits : digits.negated
    case "p": return try property()
    case "P": return try property().negated
    default: return nil
    }
  }

  /// The scalar that an escape stands for.
  private mutating func scalarEscape(_ letter: Unicode.Scalar) throws(PatternError) -> Unicode.Scalar {
    switch letter {
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "f": return "\u{0C}"
    case "v": return "\u{0B}"
    case "a": return "\u{07}"
    case "e": return "\u{1B}"
    case "0": return "\0"
    case "u": return try hexadecimal(digits: 4...4)
    case "x":
      guard take("{") else { return try hexadecimal(digits: 1...2) }
      let scalar = try hexadecimal(digits: 1...8)
      guard take("}") else { throw error("has an unfinished escape") }
      return scalar
    case "a"..."z", "A"..."Z", "1"..."9": throw error("uses `\\\(letter)`, which is not supported")
    default: return letter
    }
  }

  private mutating func hexadecimal(digits: ClosedRange<Int>) throws(PatternError) -> Unicode.Scalar {
    var value: UInt32 = 0
    var count = 0
    while count < digits.upperBound, let digit = current.flatMap({ Character($0).hexDigitValue }) {
      value = value << 4 | UInt32(digit)
      position += 1
      count += 1
    }
    guard digits.contains(count), let scalar = Unicode.Scalar(value) else {
      throw error("has an escape that is no character")
    }
    return scalar
  }
}
