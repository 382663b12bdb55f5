/// Blocks of equally many values and bytes, as GGUF stores a row of a matrix.
///
/// Layouts: the `ggml` types of GGUF version 3. All values that `encode` gets are finite and small enough that the
/// block's scale is a finite f16 number.
protocol BlockCodec: Sendable {
  /// Values in a block.
  static var length: Int { get }
  /// Bytes of a block.
  static var byteCount: Int { get }
  /// The largest magnitude that a value may have.
  static var largestMagnitude: Float { get }
  /// Writes the block that stands for `length` values.
  static func encode(_ values: UnsafePointer<Float>, to block: UnsafeMutableRawPointer)
  /// Writes the values of a block, computed in f32 in the order of operations that the layout's formula has.
  static func decode(_ block: UnsafeRawPointer, to values: UnsafeMutablePointer<Float>)
}

extension BlockCodec {
  /// Encodes `count` values, a multiple of `length`.
  static func encodeRow(_ values: UnsafePointer<Float>, count: Int, to row: UnsafeMutableRawPointer) {
    for block in 0..<count / length { encode(values + block * length, to: row + block * byteCount) }
  }

  /// Decodes `count` values, a multiple of `length`.
  static func decodeRow(_ row: UnsafeRawPointer, count: Int, to values: UnsafeMutablePointer<Float>) {
    for block in 0..<count / length { decode(row + block * byteCount, to: values + block * length) }
  }
}

/// Fields of a block: little-endian, at any address.
enum BlockField {
  /// The largest finite f16.
  static let largestScale: Float = 65504

  static func scale(_ block: UnsafeRawPointer, at offset: Int = 0) -> Float {
    Float(
      Float16(bitPattern: UInt16(littleEndian: block.loadUnaligned(fromByteOffset: offset, as: UInt16.self))))
  }

  /// Stores `scale` rounded to f16 and returns what was stored.
  @discardableResult
  static func store(_ scale: Float, to block: UnsafeMutableRawPointer, at offset: Int = 0) -> Float {
    let rounded = Float16(scale)
    block.storeBytes(of: rounded.bitPattern.littleEndian, toByteOffset: offset, as: UInt16.self)
    return Float(rounded)
  }
}
