/// Turns metaspaces back into spaces; those of the first token are dropped where one was put there.
struct MetaspaceDecoder: TokenDecoder {
  let mark: [UInt8]
  let dropsFirst: Bool

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      var result: [UInt8] = []
      var rest = token[...]
      while let byte = rest.first {
        if rest.starts(with: mark) {
          if index > 0 || !dropsFirst { result.append(0x20) }
          rest = rest.dropFirst(mark.count)
        } else {
          result.append(byte)
          rest = rest.dropFirst()
        }
      }
      return result
    }
  }
}
