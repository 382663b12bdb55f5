@testable import Export

/// The published layouts once more, bit by bit and slowly: what the bytes of one block stand for.
enum NaiveBlocks {
  static func values(_ type: GGUFType, _ bytes: [UInt8]) -> [Float] {
    switch type {
    case .q8: return (0..<32).map { Float(Int8(bitPattern: bytes[2 + $0])) * half(bytes, 0) }
    case .q4: return (0..<32).map { half(bytes, 0) * Float(Int(nibble(bytes, 2, $0)) - 8) }
    case .q5: return (0..<32).map { half(bytes, 0) * Float(Int(five(bytes, 2, $0)) - 16) }
    case .q5Offset: return (0..<32).map { half(bytes, 0) * Float(five(bytes, 4, $0)) + half(bytes, 2) }
    case .q4K: return (0..<256).map { affine(bytes, $0, chunked(bytes, 16, $0)) }
    case .q5K:
      return (0..<256).map { i in
        affine(bytes, i, chunked(bytes, 48, i) + 16 * (Int(bytes[16 + i % 32]) >> (i / 32) & 1))
      }
    case .q6K: return (0..<256).map { sixBits(bytes, $0) }
    case .f32, .f16, .bf16: return []
    }
  }

  static func half(_ bytes: [UInt8], _ offset: Int) -> Float {
    Float(Float16(bitPattern: UInt16(bytes[offset]) + 256 * UInt16(bytes[offset + 1])))
  }

  /// Code i of 32: byte i, low, or byte i - 16, high.
  private static func nibble(_ bytes: [UInt8], _ offset: Int, _ i: Int) -> UInt8 {
    i < 16 ? bytes[offset + i] % 16 : bytes[offset + i - 16] / 16
  }

  private static func five(_ bytes: [UInt8], _ offset: Int, _ i: Int) -> UInt8 {
    nibble(bytes, offset + 4, i) + 16 * (bytes[offset + i / 8] >> (i % 8) & 1)
  }

  /// Code i of 256: the first 32 of each 64 are low nibbles.
  private static func chunked(_ bytes: [UInt8], _ offset: Int, _ i: Int) -> Int {
    let byte = Int(bytes[offset + i / 64 * 32 + i % 32])
    return i % 64 < 32 ? byte % 16 : byte / 16
  }

  private static func affine(_ bytes: [UInt8], _ i: Int, _ code: Int) -> Float {
    let j = i / 32
    let packed = bytes[4..<16].map(Int.init)
    let scale = j < 4 ? packed[j] % 64 : packed[j + 4] % 16 + packed[j - 4] / 64 * 16
    let minimum = j < 4 ? packed[j + 4] % 64 : packed[j + 4] / 16 + packed[j] / 64 * 16
    return half(bytes, 0) * Float(scale) * Float(code) - half(bytes, 2) * Float(minimum)
  }

  private static func sixBits(_ bytes: [UInt8], _ i: Int) -> Float {
    let (part, l) = (i / 128, i % 32)
    let low = [
      bytes[64 * part + l] % 16, bytes[64 * part + 32 + l] % 16, bytes[64 * part + l] / 16,
      bytes[64 * part + 32 + l] / 16,
    ][i % 128 / 32]
    let high = bytes[128 + 32 * part + l] >> (i % 128 / 32 * 2) & 3
    let scale = Int8(bitPattern: bytes[192 + 8 * part + l / 16 + 2 * (i % 128 / 32)])
    return half(bytes, 208) * Float(scale) * Float(Int(low) + 16 * Int(high) - 32)
  }
}
