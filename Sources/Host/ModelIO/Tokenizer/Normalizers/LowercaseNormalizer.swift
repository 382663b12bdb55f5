/// Maps each scalar to lower case, without regard to its neighbours.
struct LowercaseNormalizer: TextNormalizer {
  func normalize(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    text.withUnsafeBufferPointer { text in
      var position = 0
      while position < text.count {
        let byte = text[position]
        if byte < 0x80 {
          result.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
          position += 1
        } else {
          let (scalar, length) = text.scalar(at: position)
          result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
          position += length
        }
      }
    }
    return result
  }
}
