import Foundation
// Foundation decomposes single scalars correctly but orders and composes marks wrongly (NFC of U+10041 U+0301
// is "\u{C1}" there); the standard library's own forms do both right and are not public yet.
@_spi(_Unicode) import Swift

/// One of Unicode's normalization forms (UAX 15).
struct UnicodeNormalizer: TextNormalizer {
  enum Form: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"
  }

  let form: Form

  func normalize(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var position = 0
    while position < text.count {
      guard let stranger = text[position...].firstIndex(where: { $0 >= 0x80 }) else {
        result.append(contentsOf: text[position...])
        break
      }
      // ASCII is stable in every form and nothing composes across two neighbouring ASCII characters: only the
      // runs beyond ASCII, each with the character before it, need work.
      let start = max(position, stranger - 1)
      let end = text[stranger...].firstIndex { $0 < 0x80 } ?? text.count
      result.append(contentsOf: text[position..<start])
      result.append(contentsOf: normalized(String(decoding: text[start..<end], as: UTF8.self)))
      position = end
    }
    return result
  }

  private func normalized(_ text: String) -> [UInt8] {
    var result = String.UnicodeScalarView()
    switch form {
    case .nfc: result.append(contentsOf: text._nfc)
    case .nfd: result.append(contentsOf: decomposed(text)._nfd)
    case .nfkc: result.append(contentsOf: decomposed(text)._nfc)
    case .nfkd: result.append(contentsOf: decomposed(text)._nfd)
    }
    return Array(String(result).utf8)
  }

  /// Every scalar decomposed by itself, not yet in canonical order.
  private func decomposed(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let alone = String(Character(scalar))
      let parts =
        form == .nfd
        ? alone.decomposedStringWithCanonicalMapping : alone.decomposedStringWithCompatibilityMapping
      result.append(contentsOf: parts.unicodeScalars)
    }
    return String(result)
  }
}
