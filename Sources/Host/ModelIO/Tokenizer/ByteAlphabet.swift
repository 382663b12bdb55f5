/// The alphabet of byte-level tokenizers: each byte stands as one printable character. Bytes that print in
/// Latin-1 stand for themselves, the others for U+0100 and up, in their order (Radford et al. 2019, GPT-2).
struct ByteAlphabet: Sendable {
  static let shared = ByteAlphabet()

  /// The UTF-8 of each byte's character: the first byte, and the second or 0.
  private let encoded: [(UInt8, UInt8)]
  /// The byte of each character below U+0144, -1 for the others.
  private let bytes: [Int16]

  private init() {
    var encoded: [(UInt8, UInt8)] = []
    var bytes = [Int16](repeating: -1, count: 0x144)
    var stranger = 0x100
    for byte in 0..<0x100 {
      let isItself =
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
      let value = isItself ? byte : stranger
      if !isItself { stranger += 1 }
      bytes[value] = Int16(byte)
      encoded.append(
        value < 0x80 ? (UInt8(value), 0) : (UInt8(0xC0 | value >> 6), UInt8(0x80 | value & 0x3F)))
    }
    self.encoded = encoded
    self.bytes = bytes
  }

  /// Appends the characters of a run of bytes.
  func append(_ source: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to result: inout [UInt8]) {
    encoded.withUnsafeBufferPointer { encoded in
      for position in range {
        let (first, second) = encoded[Int(source[position])]
        result.append(first)
        if second != 0 { result.append(second) }
      }
    }
  }

  /// The bytes that a token's characters stand for; nil where one is not of the alphabet.
  func decode(_ token: [UInt8]) -> [UInt8]? {
    token.withUnsafeBufferPointer { token in
      var result: [UInt8] = []
      var position = 0
      while position < token.count {
        let (scalar, length) = token.scalar(at: position)
        guard scalar.value < bytes.count, bytes[Int(scalar.value)] >= 0 else { return nil }
        result.append(UInt8(bytes[Int(scalar.value)]))
        position += length
      }
      return result
    }
  }
}
