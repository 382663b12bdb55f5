/// A set of Unicode scalars, as a character class of a pattern describes it.
struct ScalarSet: Sendable {
  indirect enum Item: Sendable {
    case range(ClosedRange<UInt32>)
    case categories(CategoryMask)
    case property(Property)
    case set(ScalarSet)
    /// What all of these sets hold.
    case intersection([ScalarSet])
  }

  enum Property: Sendable { case whitespace, alphabetic, uppercase, lowercase, any }

  var items: [Item] = []
  var isNegated = false
  /// Whether a scalar is in the set as soon as one of its cases is.
  var ignoresCase = false

  static func scalar(_ scalar: Unicode.Scalar) -> ScalarSet {
    ScalarSet(items: [.range(scalar.value...scalar.value)])
  }

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    let isListed = items.contains { Self.item($0, contains: scalar) }
    if isListed || !ignoresCase { return isListed != isNegated }
    let isOtherCaseListed = scalar.otherCases.contains { other in
      items.contains { Self.item($0, contains: other) }
    }
    return isOtherCaseListed != isNegated
  }

  private static func item(_ item: Item, contains scalar: Unicode.Scalar) -> Bool {
    switch item {
    case .range(let range): range.contains(scalar.value)
    case .categories(let mask): mask.contains(scalar.properties.generalCategory)
    case .set(let set): set.contains(scalar)
    case .intersection(let sets): sets.allSatisfy { $0.contains(scalar) }
    case .property(.whitespace): scalar.properties.isWhitespace
    case .property(.alphabetic): scalar.properties.isAlphabetic
    case .property(.uppercase): scalar.properties.isUppercase
    case .property(.lowercase): scalar.properties.isLowercase
    case .property(.any): true
    }
  }
}

extension ScalarSet {
  /// `\s`: the property White_Space.
  static let whitespace = ScalarSet(items: [.property(.whitespace)])

  /// `\w`: letters, marks, decimal digits, connectors (UTS 18, annex C, without the join controls).
  static let word = ScalarSet(items: [.property(.alphabetic), .categories(CategoryMask.word)])

  /// `\d`: the category Nd.
  static let digits = ScalarSet(items: [.categories(CategoryMask.decimalDigits)])

  var negated: ScalarSet {
    var result = self
    result.isNegated.toggle()
    return result
  }
}

extension Unicode.Scalar {
  /// The scalars that differ from this one by simple case folding only.
  var otherCases: [Unicode.Scalar] {
    guard value >= 0x80 || properties.isCased else { return [] }
    let lower = properties.lowercaseMapping.onlyScalar ?? self
    let upper = properties.uppercaseMapping.onlyScalar ?? self
    return [lower, upper, upper.properties.lowercaseMapping.onlyScalar ?? upper]
  }
}

extension String {
  fileprivate var onlyScalar: Unicode.Scalar? {
    unicodeScalars.count == 1 ? unicodeScalars.first : nil
  }
}
