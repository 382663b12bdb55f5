/// Reads runs of `<0x00>`…`<0xFF>` as bytes. A run that is no UTF-8 becomes one U+FFFD per byte.
struct ByteFallbackDecoder: TokenDecoder {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var run: [UInt8] = []
    for token in tokens {
      if let byte = Self.byte(token) {
        run.append(byte)
      } else {
        Self.flush(&run, to: &result)
        result.append(token)
      }
    }
    Self.flush(&run, to: &result)
    return result
  }

  private static func flush(_ run: inout [UInt8], to result: inout [[UInt8]]) {
    guard !run.isEmpty else { return }
    if run.withUnsafeBytes({ $0.firstInvalidUTF8 }) == nil {
      result.append(run)
    } else {
      result += Array(repeating: [0xEF, 0xBF, 0xBD], count: run.count)
    }
    run.removeAll()
  }

  private static func byte(_ token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: [0x3C, 0x30, 0x78]), token[5] == 0x3E else { return nil }
    return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
  }
}
