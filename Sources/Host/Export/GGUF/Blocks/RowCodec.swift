import CKernels
import LinearAlgebra
import Tensors

extension GGUFType {
  /// Encodes `count` finite values, a multiple of the block, of magnitudes that the type can hold.
  func encodeRow(_ values: UnsafePointer<Float>, count: Int, to row: UnsafeMutableRawPointer) {
    switch self {
    case .f32: row.copyMemory(from: values, byteCount: 4 * count)
    case .f16: convert_f32_to_f16(values, row.assumingMemoryBound(to: UInt16.self), count)
    case .bf16: convert_f32_to_bf16(values, row.assumingMemoryBound(to: UInt16.self), count)
    default: codec?.encodeRow(values, count: count, to: row)
    }
  }

  /// The values of a row.
  func decodeRow(_ row: UnsafeRawPointer, count: Int, to values: UnsafeMutablePointer<Float>) {
    switch self {
    case .f32: UnsafeMutableRawPointer(values).copyMemory(from: row, byteCount: 4 * count)
    case .f16: convert_f16_to_f32(row, values, count)
    case .bf16: convert_bf16_to_f32(row, values, count)
    default: codec?.decodeRow(row, count: count, to: values)
    }
  }

  /// What a row holds that the type cannot: a value that is not finite, or too large.
  func obstacle(in values: UnsafePointer<Float>, count: Int) -> Float? {
    guard count_nonfinite_f32(values, count) > 0 || self != .f32 && self != .bf16 else { return nil }
    let limit = largestMagnitude
    return (0..<count).lazy.map { values[$0] }.first { !($0.magnitude <= limit) }
  }
}
