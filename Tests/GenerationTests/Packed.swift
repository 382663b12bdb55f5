import Graph
import Tensors
import TestSupport

/// Quantised matrices with random codes, scales and zeros.
enum Packed {
  static func matrix(
    rows: Int, columns: Int, bits: Int, groupSize: Int, isSymmetric: Bool, scaleType: ElementType = .f16,
    seed: UInt64 = 1
  ) throws -> QuantizedMatrix {
    let scheme = QuantizationScheme(
      bits: bits, groupSize: groupSize, isSymmetric: isSymmetric, scaleType: scaleType)
    let groups = scheme.groupCount(columns: columns)
    func codes(_ count: Int, stream: UInt64) -> [UInt8] {
      let random = CounterRandom(seed: seed, stream: stream)
      return (0..<count).map { UInt8(truncatingIfNeeded: random.words(at: UInt64($0)).0 % (1 << bits)) }
    }
    let spread = 0.5 / Float(1 << bits)
    let scales = try RandomModel.normals(
      [rows, groups], seed: seed, stream: 3, deviation: spread / 4, mean: spread
    )
    .converted(to: scaleType)
    return codes(rows * columns, stream: 1).withUnsafeBufferPointer { codes in
      guard !isSymmetric else {
        return QuantizedMatrix(
          rows: rows, columns: columns, scheme: scheme, codes: codes, scales: scales, zeroCodes: nil)
      }
      return self.codes(rows * groups, bits: bits, seed: seed).withUnsafeBufferPointer { zeros in
        QuantizedMatrix(
          rows: rows, columns: columns, scheme: scheme, codes: codes, scales: scales, zeroCodes: zeros)
      }
    }
  }

  private static func codes(_ count: Int, bits: Int, seed: UInt64) -> [UInt8] {
    let random = CounterRandom(seed: seed, stream: 2)
    return (0..<count).map { UInt8(truncatingIfNeeded: random.words(at: UInt64($0)).0 % (1 << bits)) }
  }

  /// The factor's elements as the rest of the host reads them.
  static func floats(_ factor: Factor) throws -> [Float] {
    let count = factor.form.rows * factor.form.columns
    var result = [Float](repeating: .nan, count: count)
    try result.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { try factor.copyFloats(to: base) }
    }
    return result
  }
}
