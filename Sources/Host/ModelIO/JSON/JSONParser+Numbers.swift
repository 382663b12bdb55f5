extension JSONParser {
  /// A number: `Int` where it is written without fraction and exponent and fits, `Double` otherwise. `-0` is
  /// a double, since no integer keeps its sign.
  mutating func number() throws(JSONError) -> JSON {
    let start = position
    let isNegative = current == 0x2D
    if isNegative || current == 0x2B { position += 1 }
    if isJSON5, current == 0x30, position + 1 < bytes.count, bytes[position + 1] | 0x20 == 0x78 {
      return try hexadecimalNumber(isNegative: isNegative, from: start)
    }
    let whole = position
    skipDigits()
    let wholeDigits = position - whole
    guard wholeDigits < 2 || bytes[whole] != 0x30 else {
      throw error("a number with a leading zero", at: start)
    }
    guard wholeDigits > 0 || (isJSON5 && current == 0x2E) else { throw unexpected(expecting: "a digit") }
    var isInteger = true
    if current == 0x2E {
      isInteger = false
      position += 1
      let digits = skipDigits()
      guard digits > 0 || (isJSON5 && wholeDigits > 0) else { throw unexpected(expecting: "a digit") }
    }
    if current | 0x20 == 0x65 {
      isInteger = false
      position += 1
      if current == 0x2B || current == 0x2D { position += 1 }
      guard skipDigits() > 0 else { throw unexpected(expecting: "a digit") }
    }
    if isInteger, let value = integer(digits: whole..<position, isNegative: isNegative) {
      return .integer(value)
    }
    return .number(try double(from: start))
  }

  @discardableResult
  private mutating func skipDigits() -> Int {
    let start = position
    while (0x30...0x39).contains(current) { position += 1 }
    return position - start
  }

  private func integer(digits: Range<Int>, isNegative: Bool) -> Int? {
    var value = 0
    for index in digits {
      let (tenfold, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let digit = Int(bytes[index] - 0x30)
      let (next, overflows) = tenfold.addingReportingOverflow(isNegative ? -digit : digit)
      if tooLarge || overflows { return nil }
      value = next
    }
    return isNegative && value == 0 ? nil : value
  }

  private func double(from start: Int) throws(JSONError) -> Double {
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw error("a number beyond the range of doubles", at: start)
    }
    return value
  }

  private mutating func hexadecimalNumber(isNegative: Bool, from start: Int) throws(JSONError) -> JSON {
    position += 2
    let first = position
    var exact: Int? = 0
    var rounded = 0.0
    while let digit = hexadecimalValue(of: current) {
      rounded = rounded * 16 + Double(digit)
      let (shifted, overflows) = (exact ?? .max).multipliedReportingOverflow(by: 16)
      exact = overflows || exact == nil ? nil : shifted | Int(digit)
      position += 1
    }
    guard position > first else { throw unexpected(expecting: "a hexadecimal digit") }
    guard rounded.isFinite else { throw error("a number beyond the range of doubles", at: start) }
    if let exact, !(isNegative && exact == 0) { return .integer(isNegative ? -exact : exact) }
    return .number(isNegative ? -rounded : rounded)
  }
}
