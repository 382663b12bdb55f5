import CKernels

/// Q6_K: 256 values in 16 sub-blocks of 16, `x = (d s_j) q`, `s_j` a signed byte, q in -32...31.
///
/// 128 bytes of lower nibbles, 64 bytes of upper bit pairs, 16 scales, f16 `d`. In each half of 128 values, value
/// `32 k + l` (k < 4, l < 32) has its nibble in byte `l + 32 (k % 2)`, low for k < 2, and its upper bits at `2 k` of
/// byte l.
enum Q6KBlock: BlockCodec {
  static let length = 256
  static let byteCount = 210
  static let largestMagnitude = BlockField.largestScale
  private static let width = 16
  private static let highBits = 128
  private static let scales = 192
  private static let scale = 208

  /// Each sub-block's real scale is fitted alone; `d` brings the largest to -128 or 127, and each `s_j` is the
  /// neighbour of its real value with the least weighted error.
  static func encode(_ values: UnsafePointer<Float>, to block: UnsafeMutableRawPointer) {
    let count = length / width
    withUnsafeTemporaryAllocation(of: Float.self, capacity: length) { weights in
      for i in 0..<length { weights[i] = values[i] * values[i] }
      guard let weights = weights.baseAddress else { return }
      let fits = (0..<count).map { j in
        block_fit_symmetric(values + j * width, weights + j * width, width, -32, 31, 0)
      }
      let extreme = fits.max { $0.magnitude < $1.magnitude } ?? 0
      let unit = BlockField.store(extreme / -128, to: block, at: scale)
      for (j, fit) in fits.enumerated() {
        var (chosen, least) = (Int8(0), Float.infinity)
        for candidate in neighbours(fit, unit: unit) {
          let error = block_error(
            values + j * width, weights + j * width, width, unit * Float(candidate), 0, -32, 31)
          if error < least { (chosen, least) = (candidate, error) }
        }
        block.storeBytes(of: chosen, toByteOffset: scales + j, as: Int8.self)
        store(values, subBlock: j, step: unit * Float(chosen), to: block)
      }
    }
  }

  private static func neighbours(_ value: Float, unit: Float) -> ClosedRange<Int8> {
    guard unit != 0 else { return 0...0 }
    let nearest = max(-128, min(127, (value / unit).rounded()))
    return Int8(max(-128, nearest - 1))...Int8(min(127, nearest + 1))
  }

  private static func store(
    _ values: UnsafePointer<Float>, subBlock j: Int, step: Float, to block: UnsafeMutableRawPointer
  ) {
    withUnsafeTemporaryAllocation(of: Int8.self, capacity: width) { codes in
      block_codes(values + j * width, width, step, 0, -32, 31, codes.baseAddress)
      for i in 0..<width {
        let code = UInt8(truncatingIfNeeded: Int(codes[i]) + 32)
        let place = Place(j * width + i)
        let low = (block + place.low).loadUnaligned(as: UInt8.self) & ~(15 << place.lowShift)
        (block + place.low).storeBytes(of: low | (code & 15) << place.lowShift, as: UInt8.self)
        let high = (block + place.high).loadUnaligned(as: UInt8.self) & ~(3 << place.highShift)
        (block + place.high).storeBytes(of: high | (code >> 4) << place.highShift, as: UInt8.self)
      }
    }
  }

  static func decode(_ block: UnsafeRawPointer, to values: UnsafeMutablePointer<Float>) {
    let unit = BlockField.scale(block, at: scale)
    for index in 0..<length {
      let place = Place(index)
      let low = block.loadUnaligned(fromByteOffset: place.low, as: UInt8.self) >> place.lowShift & 15
      let high = block.loadUnaligned(fromByteOffset: place.high, as: UInt8.self) >> place.highShift & 3
      let factor = block.loadUnaligned(fromByteOffset: scales + index / width, as: Int8.self)
      values[index] = unit * Float(factor) * Float(Int8(low | high << 4) - 32)
    }
  }

  /// Where the bits of a code lie.
  private struct Place {
    let low: Int
    let lowShift: UInt8
    let high: Int
    let highShift: UInt8

    init(_ index: Int) {
      let (half, k, l) = (index / 128, index % 128 / 32, index % 32)
      low = 64 * half + 32 * (k % 2) + l
      lowShift = UInt8(k / 2 * 4)
      high = Q6KBlock.highBits + 32 * half + l
      highShift = UInt8(2 * k)
    }
  }
}
