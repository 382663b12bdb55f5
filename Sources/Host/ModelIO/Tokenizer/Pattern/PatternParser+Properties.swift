extension PatternParser {
  /// The set of `\p{…}`, behind the `p`.
  mutating func property() throws(PatternError) -> ScalarSet {
    var name = ""
    if take("{") {
      while let scalar = current, scalar != "}" {
        name.unicodeScalars.append(scalar)
        position += 1
      }
      guard take("}") else { throw error("has a property that is never closed") }
    } else {
      name.unicodeScalars.append(try next())
    }
    let isNegated = name.hasPrefix("^")
    if isNegated { name.removeFirst() }
    guard let set = Self.property(named: name) else {
      throw error("names the property `\(name)`, which is not supported")
    }
    return isNegated ? set.negated : set
  }

  /// The set of a Unicode property, by its short or long name.
  static func property(named name: String) -> ScalarSet? {
    if let mask = CategoryMask(name: name) { return ScalarSet(items: [.categories(mask)]) }
    let plain = String(name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" })
    switch plain {
    case "alphabetic", "alpha": return ScalarSet(items: [.property(.alphabetic)])
    case "whitespace", "space": return .whitespace
    case "uppercase", "upper": return ScalarSet(items: [.property(.uppercase)])
    case "lowercase", "lower": return ScalarSet(items: [.property(.lowercase)])
    case "digit": return .digits
    case "word": return .word
    case "any": return ScalarSet(items: [.property(.any)])
    case "alnum": return ScalarSet(items: [.property(.alphabetic), .categories(.decimalDigits)])
    case "han", "script=han", "hani": return ScalarSet(items: hanRanges.map { .range($0) })
    default:
      let short = CategoryMask.longNames[plain] ?? plain.prefix(1).uppercased() + plain.dropFirst()
      return CategoryMask(name: short).map { ScalarSet(items: [.categories($0)]) }
    }
  }

  /// The script Han, the only one that tokenizers ask for by name (Unicode 15, Scripts.txt).
  private static let hanRanges: [ClosedRange<UInt32>] = [
    0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007, 0x3021...0x3029,
    0x3038...0x303B, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D, 0xFA70...0xFAD9, 0x16FE2...0x16FE3,
    0x16FF0...0x16FF1, 0x20000...0x2A6DF, 0x2A700...0x2B739, 0x2B740...0x2B81D, 0x2B820...0x2CEA1,
    0x2CEB0...0x2EBE0, 0x2EBF0...0x2EE5D, 0x2F800...0x2FA1D, 0x30000...0x3134A, 0x31350...0x323AF,
  ]
}
