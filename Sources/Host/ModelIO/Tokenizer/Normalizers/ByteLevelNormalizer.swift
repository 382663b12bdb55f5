/// Writes each byte as its character of the byte alphabet.
struct ByteLevelNormalizer: TextNormalizer {
  func normalize(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    text.withUnsafeBufferPointer { ByteAlphabet.shared.append($0, 0..<$0.count, to: &result) }
    return result
  }
}
