import CKernels

/// Q5_1: f16 `d`, f16 `m`, then codes as in Q5_0 without their offset; `x = d q + m`, q in 0...31.
///
/// Takes the place of Q5_K in rows that are no multiple of 256.
enum Q5OffsetBlock: BlockCodec {
  static let length = 32
  static let byteCount = 24
  static let largestMagnitude = BlockField.largestScale

  /// `m` is negative or zero, as fitted by `block_fit_affine` with equal weights.
  static func encode(_ values: UnsafePointer<Float>, to block: UnsafeMutableRawPointer) {
    var (scale, minimum) = (Float(0), Float(0))
    withUnsafeTemporaryAllocation(of: Float.self, capacity: length) { ones in
      ones.initialize(repeating: 1)
      block_fit_affine(values, ones.baseAddress, length, 31, &scale, &minimum)
    }
    let stored = (BlockField.store(scale, to: block), BlockField.store(-minimum, to: block, at: 2))
    withUnsafeTemporaryAllocation(of: Int8.self, capacity: length) { codes in
      block_codes(values, length, stored.0, -stored.1, 0, 31, codes.baseAddress)
      FiveBits.pack(block + 4) { UInt8(bitPattern: codes[$0]) }
    }
  }

  static func decode(_ block: UnsafeRawPointer, to values: UnsafeMutablePointer<Float>) {
    let scale = BlockField.scale(block)
    let offset = BlockField.scale(block, at: 2)
    FiveBits.unpack(block + 4) { values[$0] = scale * Float($1) + offset }
  }
}
