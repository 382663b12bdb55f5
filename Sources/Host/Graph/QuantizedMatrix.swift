import Tensors

/// Group-quantised codes, packed: `w[i, j] = scale[i, g(j)] * (code[i, j] - zero[i, g(j)])`.
public struct QuantizedMatrix: Sendable, Codable {
  public let rows: Int
  public let columns: Int
  public let scheme: QuantizationScheme
  /// `[rows, ceil(columns * bits / 32)]` i32, codes packed along the columns, lowest bits first.
  public let packed: Tensor
  /// `[rows, groups]`.
  public let scales: Tensor
  /// `[ceil(rows * bits / 32), groups]` i32, zero codes packed along the rows; absent when symmetric.
  public let zeroPoints: Tensor?

  public init(
    rows: Int, columns: Int, scheme: QuantizationScheme, packed: Tensor, scales: Tensor, zeroPoints: Tensor?
  ) {
    self.rows = rows
    self.columns = columns
    self.scheme = scheme
    self.packed = packed
    self.scales = scales
    self.zeroPoints = zeroPoints
  }

  /// Packs codes `[rows, columns]` and zero codes `[rows, groups]`, each below `2^bits`.
  public init(
    rows: Int, columns: Int, scheme: QuantizationScheme, codes: UnsafeBufferPointer<UInt8>, scales: Tensor,
    zeroCodes: UnsafeBufferPointer<UInt8>?
  ) {
    let groups = scheme.groupCount(columns: columns)
    let packed = BitPacking.packRows(codes, rows: rows, columns: columns, bits: scheme.bits)
    let zeroPoints = zeroCodes.map { zeros in
      BitPacking.packColumns(zeros, rows: rows, columns: groups, bits: scheme.bits)
    }
    self.init(
      rows: rows, columns: columns, scheme: scheme, packed: packed, scales: scales, zeroPoints: zeroPoints)
  }

  /// In the order of `FactorForm.parts`.
  public var tensors: [Tensor] {
    [packed, scales, Self.shapeTensor(rows: rows, columns: columns)] + (zeroPoints.map { [$0] } ?? [])
  }

  /// `weight_shape`: `[rows, columns]` as i64.
  static func shapeTensor(rows: Int, columns: Int) -> Tensor {
    Tensor(.i64, [2]) { bytes in
      bytes.storeBytes(of: Int64(rows), as: Int64.self)
      bytes.storeBytes(of: Int64(columns), toByteOffset: 8, as: Int64.self)
    }
  }

  /// The codes `[rows, columns]`, one per byte.
  public func codes() -> [UInt8] {
    BitPacking.unpackRows(packed, rows: rows, columns: columns, bits: scheme.bits)
  }

  /// The zero codes `[rows, groups]`, one per byte; the middle code where symmetric.
  public func zeroCodes() -> [UInt8] {
    let groups = scheme.groupCount(columns: columns)
    guard let zeroPoints else {
      return [UInt8](repeating: UInt8(1 << (scheme.bits - 1)), count: rows * groups)
    }
    return BitPacking.unpackColumns(zeroPoints, rows: rows, columns: groups, bits: scheme.bits)
  }

  func mapTensors<Failure: Error>(
    _ transform: (Tensor) throws(Failure) -> Tensor
  ) throws(Failure) -> QuantizedMatrix {
    let zeros: Tensor?
    if let zeroPoints { zeros = try transform(zeroPoints) } else { zeros = nil }
    return QuantizedMatrix(
      rows: rows, columns: columns, scheme: scheme, packed: try transform(packed),
      scales: try transform(scales), zeroPoints: zeros)
  }

  func copyFloats(to target: UnsafeMutablePointer<Float>) throws(TensorError) {
    let codes = codes()
    let zeros = zeroCodes()
    let scales = try scales.floats()
    let groups = scheme.groupCount(columns: columns)
    let width = scheme.groupSize == 0 ? columns : scheme.groupSize
    for row in 0..<rows {
      for group in 0..<groups {
        let scale = scales[row * groups + group]
        let zero = Int32(zeros[row * groups + group])
        let start = row * columns + group * width
        let end = row * columns + min(columns, (group + 1) * width)
        for i in start..<end { target[i] = scale * Float(Int32(codes[i]) - zero) }
      }
    }
  }
}
