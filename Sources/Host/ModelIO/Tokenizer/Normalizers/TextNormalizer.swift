/// Rewrites a text before it is cut into pieces. Text is well-formed UTF-8 before and after.
protocol TextNormalizer: Sendable {
  func normalize(_ text: [UInt8]) -> [UInt8]
}

extension ComponentFields {
  /// The normalizer that these fields describe.
  func normalizer() throws(TokenizerError) -> any TextNormalizer {
    let type = try type()
    switch type {
    case "Sequence":
      var members: [any TextNormalizer] = []
      for fields in try components("normalizers") { members.append(try fields.normalizer()) }
      return SequenceNormalizer(members: members)
    case "Prepend": return PrependNormalizer(prefix: Array(try string("prepend").utf8))
    case "Replace":
      return ReplaceNormalizer(
        pattern: try pattern("pattern"), replacement: Array(try string("content").utf8))
    case "NFC", "NFD", "NFKC", "NFKD":
      return UnicodeNormalizer(form: UnicodeNormalizer.Form(rawValue: type) ?? .nfc)
    case "Lowercase": return LowercaseNormalizer()
    case "Strip":
      return StripNormalizer(
        stripsLeft: try bool("strip_left", default: true), stripsRight: try bool("strip_right", default: true)
      )
    case "StripAccents": return ReplaceNormalizer(pattern: try builtIn(#"\p{M}+"#), replacement: [])
    case "ByteLevel": return ByteLevelNormalizer()
    default: throw unknown("normalizer", type: type)
    }
  }
}

/// One normalizer after the other.
struct SequenceNormalizer: TextNormalizer {
  let members: [any TextNormalizer]

  func normalize(_ text: [UInt8]) -> [UInt8] { members.reduce(text) { $1.normalize($0) } }
}
