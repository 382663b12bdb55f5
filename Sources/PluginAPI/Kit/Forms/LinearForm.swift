import CLathe

/// A matrix as it is stored, with its numbers in the host's memory.
///
/// Not `Sendable`: a form belongs to the call that made or read it.
public struct Factor {
  public let shape: MatrixShape
  let values: TensorBox?
  let scales: TensorBox?
  let zeroPoints: TensorBox?
  let codebook: TensorBox?

  init(
    shape: MatrixShape, values: TensorBox? = nil, scales: TensorBox? = nil, zeroPoints: TensorBox? = nil,
    codebook: TensorBox? = nil
  ) {
    self.shape = shape
    self.values = values
    self.scales = scales
    self.zeroPoints = zeroPoints
    self.codebook = codebook
  }

  /// Whether it has numbers; in a forecast it may not.
  public var hasValues: Bool { values != nil }

  /// A dense matrix, stored in the node's element type unless `type` says otherwise.
  public static func dense<T: HostReal>(
    _ matrix: consuming HostMatrix<T>, storedAs type: ElementType? = nil
  ) -> Factor {
    Factor(
      shape: MatrixShape(rows: matrix.rows, columns: matrix.columns, elementType: type), values: matrix.box)
  }

  /// A diagonal matrix from the vector of its elements.
  public static func diagonal<T: HostReal>(
    _ vector: consuming HostMatrix<T>, storedAs type: ElementType? = nil
  ) -> Factor {
    Factor(
      shape: MatrixShape(
        rows: vector.count, columns: vector.count, storage: .diagonal, elementType: type),
      values: vector.box)
  }

  /// Codes below `2^bits` `[rows, columns]`, scales `[rows, groups]` and, unless symmetric, zero codes
  /// `[rows, groups]`. The host packs the codes.
  public static func quantized(
    codes: consuming HostMatrix<UInt8>, scales: consuming HostMatrix<Float>,
    zeroPoints: consuming HostMatrix<UInt8>?, bits: Int, groupSize: Int,
    scalesStoredAs type: ElementType? = nil
  ) -> Factor {
    let zeros = zeroPoints?.box
    let storage = MatrixShape.Storage.quantized(
      bits: bits, groupSize: groupSize, hasZeroPoints: zeros != nil)
    return Factor(
      shape: MatrixShape(rows: codes.rows, columns: codes.columns, storage: storage, elementType: type),
      values: codes.box, scales: scales.box, zeroPoints: zeros)
  }

  /// Codes below `2^bits` `[rows, columns]` into `codebook` `[2^bits]`, times scales `[rows, groups]`.
  public static func lookedUp(
    codes: consuming HostMatrix<UInt8>, scales: consuming HostMatrix<Float>,
    codebook: consuming HostMatrix<Float>, bits: Int, groupSize: Int, scalesStoredAs type: ElementType? = nil
  ) -> Factor {
    Factor(
      shape: MatrixShape(
        rows: codes.rows, columns: codes.columns, storage: .codebook(bits: bits, groupSize: groupSize),
        elementType: type),
      values: codes.box, scales: scales.box, codebook: codebook.box)
  }
}

/// `y = sum over terms of (F[n-1] ... F[0]) x + bias`, with its numbers in the host's memory.
public struct LinearForm {
  /// Terms, each with its factors in the order in which they meet the input.
  public var terms: [[Factor]]
  let bias: TensorBox?

  /// A replacement that keeps the bias the layer has.
  public init(terms: [[Factor]]) {
    self.terms = terms
    bias = nil
  }

  /// A replacement with a new bias `[out]`.
  public init<T: HostReal>(terms: [[Factor]], bias: consuming HostMatrix<T>) {
    self.terms = terms
    self.bias = bias.box
  }

  init(terms: [[Factor]], biasBox: TensorBox?) {
    self.terms = terms
    bias = biasBox
  }

  public var hasBias: Bool { bias != nil }
  public var shape: LinearShape { LinearShape(terms: terms.map { $0.map(\.shape) }) }
}
