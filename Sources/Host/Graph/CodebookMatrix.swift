import Tensors

/// Codes that look numbers up in a table, packed: `w[i, j] = scale[i, g(j)] * codebook[code[i, j]]`.
public struct CodebookMatrix: Sendable, Codable {
  public let rows: Int
  public let columns: Int
  public let scheme: CodebookScheme
  /// `[rows, ceil(columns * bits / 32)]` i32, codes packed along the columns, lowest bits first.
  public let packed: Tensor
  /// `[rows, groups]`.
  public let scales: Tensor
  /// `[2^bits]` f32.
  public let codebook: Tensor

  public init(
    rows: Int, columns: Int, scheme: CodebookScheme, packed: Tensor, scales: Tensor, codebook: Tensor
  ) {
    self.rows = rows
    self.columns = columns
    self.scheme = scheme
    self.packed = packed
    self.scales = scales
    self.codebook = codebook
  }

  /// Packs codes `[rows, columns]`, each below `2^bits`.
  public init(
    rows: Int, columns: Int, scheme: CodebookScheme, codes: UnsafeBufferPointer<UInt8>, scales: Tensor,
    codebook: Tensor
  ) {
    let packed = BitPacking.packRows(codes, rows: rows, columns: columns, bits: scheme.bits)
    self.init(
      rows: rows, columns: columns, scheme: scheme, packed: packed, scales: scales, codebook: codebook)
  }

  /// In the order of `FactorForm.parts`.
  public var tensors: [Tensor] {
    [packed, scales, QuantizedMatrix.shapeTensor(rows: rows, columns: columns), codebook]
  }

  /// The codes `[rows, columns]`, one per byte.
  public func codes() -> [UInt8] {
    BitPacking.unpackRows(packed, rows: rows, columns: columns, bits: scheme.bits)
  }

  func mapTensors<Failure: Error>(
    _ transform: (Tensor) throws(Failure) -> Tensor
  ) throws(Failure) -> CodebookMatrix {
    CodebookMatrix(
      rows: rows, columns: columns, scheme: scheme, packed: try transform(packed),
      scales: try transform(scales), codebook: try transform(codebook))
  }

  func copyFloats(to target: UnsafeMutablePointer<Float>) throws(TensorError) {
    let codes = codes()
    let scales = try scales.floats()
    let codebook = try codebook.floats()
    let groups = scheme.groupCount(columns: columns)
    let width = scheme.groupSize == 0 ? columns : scheme.groupSize
    for row in 0..<rows {
      for column in 0..<columns {
        let i = row * columns + column
        target[i] = scales[row * groups + column / width] * codebook[Int(codes[i])]
      }
    }
  }
}
