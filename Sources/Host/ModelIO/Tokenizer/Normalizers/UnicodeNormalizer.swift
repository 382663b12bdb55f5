import Foundation

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
      // ASCII is stable in every form and nothing composes across two neighbouring ASCII characters: only the runs
      // beyond ASCII, each with the character before it, need work.
      let start = max(position, stranger - 1)
      let end = text[stranger...].firstIndex { $0 < 0x80 } ?? text.count
      result.append(contentsOf: text[position..<start])
      result.append(contentsOf: normalized(String(decoding: text[start..<end], as: UTF8.self)).utf8)
      position = end
    }
    return result
  }

  private func normalized(_ text: String) -> String {
    switch form {
    case .nfc: text.precomposedStringWithCanonicalMapping
    case .nfd: text.decomposedStringWithCanonicalMapping
    case .nfkc: text.precomposedStringWithCompatibilityMapping
    case .nfkd: text.decomposedStringWithCompatibilityMapping
    }
  }
}
