/// Puts a text in front of every text that is not empty.
struct PrependNormalizer: TextNormalizer {
  let prefix: [UInt8]

  func normalize(_ text: [UInt8]) -> [UInt8] { text.isEmpty ? text : prefix + text }
}
