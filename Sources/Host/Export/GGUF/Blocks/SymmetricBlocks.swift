import CKernels

/// `x = d q` with one scale for 32 values: what Q4_0, Q5_0 and Q8_0 have in common.
///
/// A group of another format whose scale is an f16 number and whose codes fit the range is stored without loss.
protocol SymmetricBlockCodec: BlockCodec {
  /// The values of `q`.
  static var codes: ClosedRange<Int> { get }
  /// Writes the block of a scale and its codes.
  static func pack(scale: Float, codes: UnsafePointer<Int8>, to block: UnsafeMutableRawPointer)
}

extension SymmetricBlockCodec {
  static var length: Int { 32 }
  static var largestMagnitude: Float { BlockField.largestScale }

  /// The scale is the best found by `block_fit_symmetric` with equal weights; the codes are the nearest to the
  /// scale as stored.
  static func encode(_ values: UnsafePointer<Float>, to block: UnsafeMutableRawPointer) {
    let fitted = withUnsafeTemporaryAllocation(of: Float.self, capacity: length) { ones in
      ones.initialize(repeating: 1)
      return block_fit_symmetric(
        values, ones.baseAddress, length, Int32(codes.lowerBound), Int32(codes.upperBound), 1)
    }
    encode(values, scale: fitted, to: block)
  }

  /// Writes the block of a scale and the codes nearest to the values.
  static func encode(_ values: UnsafePointer<Float>, scale: Float, to block: UnsafeMutableRawPointer) {
    let stored = Float(Float16(scale))
    withUnsafeTemporaryAllocation(of: Int8.self, capacity: length) { buffer in
      guard let start = buffer.baseAddress else { return }
      block_codes(values, length, stored, 0, Int32(codes.lowerBound), Int32(codes.upperBound), start)
      pack(scale: stored, codes: start, to: block)
    }
  }
}

/// Q8_0: f16 `d`, 32 signed bytes. `d = max |x| / 127`, no search: what is left to gain is far below the error
/// of f16 scales.
enum Q8Block: SymmetricBlockCodec {
  static let byteCount = 34
  static let codes = -128...127

  static func encode(_ values: UnsafePointer<Float>, to block: UnsafeMutableRawPointer) {
    let extreme = (0..<length).reduce(Float(0)) { max($0, values[$1].magnitude) }
    let scale = extreme / 127
    BlockField.store(scale, to: block)
    // The published quantiser divides by the scale before it is rounded to f16, and rounds halves away from zero.
    let inverse = scale == 0 ? 0 : 1 / scale
    for i in 0..<length {
      let code = inverse.isFinite ? (values[i] * inverse).rounded(.toNearestOrAwayFromZero) : 0
      block.storeBytes(of: Int8(max(-127, min(127, code))), toByteOffset: 2 + i, as: Int8.self)
    }
  }

  static func pack(scale: Float, codes: UnsafePointer<Int8>, to block: UnsafeMutableRawPointer) {
    BlockField.store(scale, to: block)
    (block + 2).copyMemory(from: codes, byteCount: length)
  }

  static func decode(_ block: UnsafeRawPointer, to values: UnsafeMutablePointer<Float>) {
    let scale = BlockField.scale(block)
    for i in 0..<length {
      values[i] = Float(block.loadUnaligned(fromByteOffset: 2 + i, as: Int8.self)) * scale
    }
  }
}

/// Q4_0: f16 `d`, 16 bytes of `q + 8`; the low nibble of byte j is value j, the high one value j + 16.
enum Q4Block: SymmetricBlockCodec {
  static let byteCount = 18
  static let codes = -8...7

  static func pack(scale: Float, codes: UnsafePointer<Int8>, to block: UnsafeMutableRawPointer) {
    BlockField.store(scale, to: block)
    for j in 0..<16 {
      let low = UInt8(truncatingIfNeeded: codes[j] &+ 8) & 15
      let high = UInt8(truncatingIfNeeded: codes[j + 16] &+ 8) & 15
      block.storeBytes(of: low | high << 4, toByteOffset: 2 + j, as: UInt8.self)
    }
  }

  static func decode(_ block: UnsafeRawPointer, to values: UnsafeMutablePointer<Float>) {
    let scale = BlockField.scale(block)
    for j in 0..<16 {
      let byte = block.loadUnaligned(fromByteOffset: 2 + j, as: UInt8.self)
      values[j] = scale * Float(Int8(byte & 15) - 8)
      values[j + 16] = scale * Float(Int8(byte >> 4) - 8)
    }
  }
}

/// Q5_0: f16 `d`, a 32-bit word with bit 4 of each `q + 16`, 16 bytes of the lower bits as in Q4_0.
enum Q5Block: SymmetricBlockCodec {
  static let byteCount = 22
  static let codes = -16...15

  static func pack(scale: Float, codes: UnsafePointer<Int8>, to block: UnsafeMutableRawPointer) {
    BlockField.store(scale, to: block)
    FiveBits.pack(block + 2) { UInt8(truncatingIfNeeded: codes[$0] &+ 16) & 31 }
  }

  static func decode(_ block: UnsafeRawPointer, to values: UnsafeMutablePointer<Float>) {
    let scale = BlockField.scale(block)
    FiveBits.unpack(block + 2) { values[$0] = scale * Float(Int8($1) - 16) }
  }
}

/// 32 codes of 5 bits: a word of the highest bits, then 16 bytes of nibbles.
enum FiveBits {
  static func pack(_ target: UnsafeMutableRawPointer, _ code: (Int) -> UInt8) {
    var word: UInt32 = 0
    for j in 0..<32 { word |= UInt32(code(j) >> 4) << UInt32(j) }
    target.storeBytes(of: word.littleEndian, as: UInt32.self)
    for j in 0..<16 {
      target.storeBytes(of: code(j) & 15 | (code(j + 16) & 15) << 4, toByteOffset: 4 + j, as: UInt8.self)
    }
  }

  static func unpack(_ source: UnsafeRawPointer, _ take: (Int, UInt8) -> Void) {
    let word = UInt32(littleEndian: source.loadUnaligned(as: UInt32.self))
    for j in 0..<16 {
      let byte = source.loadUnaligned(fromByteOffset: 4 + j, as: UInt8.self)
      take(j, byte & 15 | UInt8(word >> UInt32(j) & 1) << 4)
      take(j + 16, byte >> 4 | UInt8(word >> UInt32(j + 16) & 1) << 4)
    }
  }
}
