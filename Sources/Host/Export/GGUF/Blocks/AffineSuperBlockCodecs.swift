/// Q4_K: f16 `d`, f16 `dmin`, 12 bytes of sub-block scales, 128 bytes of nibbles. In each run of 64 values, 32
/// bytes hold the first 32 codes low and the next 32 high.
enum Q4KBlock: BlockCodec {
  static let length = 256
  static let byteCount = 144
  static let largestMagnitude = BlockField.largestScale

  static func encode(_ values: UnsafePointer<Float>, to block: UnsafeMutableRawPointer) {
    let fit = AffineSuperBlock(values, highest: 15)
    AffineHeader.store(fit, to: block)
    for index in 0..<128 {
      let first = index / 32 * 64 + index % 32
      let byte = UInt8(bitPattern: fit.codes[first]) | UInt8(bitPattern: fit.codes[first + 32]) << 4
      block.storeBytes(of: byte, toByteOffset: AffineHeader.byteCount + index, as: UInt8.self)
    }
  }

  static func decode(_ block: UnsafeRawPointer, to values: UnsafeMutablePointer<Float>) {
    let header = AffineHeader(block)
    for index in 0..<128 {
      let first = index / 32 * 64 + index % 32
      let byte = block.loadUnaligned(fromByteOffset: AffineHeader.byteCount + index, as: UInt8.self)
      values[first] = header.value(byte & 15, at: first)
      values[first + 32] = header.value(byte >> 4, at: first + 32)
    }
  }
}

/// Q5_K: as Q4_K, with 32 bytes before the nibbles: bit j of byte l is bit 4 of code l of sub-block j.
enum Q5KBlock: BlockCodec {
  static let length = 256
  static let byteCount = 176
  static let largestMagnitude = BlockField.largestScale

  static func encode(_ values: UnsafePointer<Float>, to block: UnsafeMutableRawPointer) {
    let fit = AffineSuperBlock(values, highest: 31)
    AffineHeader.store(fit, to: block)
    let high = AffineHeader.byteCount
    for l in 0..<32 {
      let byte = (0..<8).reduce(UInt8(0)) {
        $0 | (UInt8(bitPattern: fit.codes[32 * $1 + l]) >> 4) << UInt8($1)
      }
      block.storeBytes(of: byte, toByteOffset: high + l, as: UInt8.self)
    }
    for index in 0..<128 {
      let first = index / 32 * 64 + index % 32
      let low = UInt8(bitPattern: fit.codes[first]) & 15
      let byte = low | (UInt8(bitPattern: fit.codes[first + 32]) & 15) << 4
      block.storeBytes(of: byte, toByteOffset: high + 32 + index, as: UInt8.self)
    }
  }

  static func decode(_ block: UnsafeRawPointer, to values: UnsafeMutablePointer<Float>) {
    let header = AffineHeader(block)
    let high = AffineHeader.byteCount
    for index in 0..<128 {
      let first = index / 32 * 64 + index % 32
      let byte = block.loadUnaligned(fromByteOffset: high + 32 + index, as: UInt8.self)
      let bits = block.loadUnaligned(fromByteOffset: high + index % 32, as: UInt8.self)
      let pair = UInt8(index / 32 * 2)
      values[first] = header.value(byte & 15 | (bits >> pair & 1) << 4, at: first)
      values[first + 32] = header.value(byte >> 4 | (bits >> (pair + 1) & 1) << 4, at: first + 32)
    }
  }
}

/// The first 16 bytes of Q4_K and Q5_K blocks, multiplied out.
struct AffineHeader {
  static let byteCount = 16

  private let steps: [Float]
  private let minima: [Float]

  init(_ block: UnsafeRawPointer) {
    let scale = BlockField.scale(block)
    let minimum = BlockField.scale(block, at: 2)
    let packed = SubBlockScales(block + 4)
    steps = packed.scales.map { scale * Float($0) }
    minima = packed.minima.map { minimum * Float($0) }
  }

  /// The value of a code at `index` in the block.
  func value(_ code: UInt8, at index: Int) -> Float { steps[index / 32] * Float(code) - minima[index / 32] }

  static func store(_ fit: AffineSuperBlock, to block: UnsafeMutableRawPointer) {
    BlockField.store(fit.scale, to: block)
    BlockField.store(fit.minimum, to: block, at: 2)
    fit.scales.store(to: block + 4)
  }
}
