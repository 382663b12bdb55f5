extension HostAccess where Self: ~Copyable {
  /// The matrix `[rows, columns]` that a factor stands for, codes and diagonals written out, as `scalar`.
  public func matrix<Scalar: HostReal>(
    of factor: Factor, as scalar: Scalar.Type
  ) throws(StrategyError) -> HostMatrix<Scalar> {
    let (rows, columns) = (factor.shape.rows, factor.shape.columns)
    switch factor.shape.storage {
    case .dense: return try converted(floats(of: factor), to: Scalar.self)
    case .diagonal:
      let values = try floats(of: factor)
      let result = try newMatrix(Scalar.self, rows: rows, columns: columns)
      for i in 0..<rows { result[i, i] = Scalar(values[i, 0]) }
      return result
    case .quantized(let bits, let groupSize, _):
      let zeros = try factor.zeroPoints.map { (box) throws(StrategyError) in
        try HostMatrix<UInt8>(box, from: "linear").array()
      }
      let middle = Scalar(1 << (bits - 1))
      return try decoded(factor, groupSize) { code, group in
        Scalar(code) - (zeros.map { Scalar($0[group]) } ?? middle)
      }
    case .codebook(_, let groupSize):
      guard let box = factor.codebook else { throw Self.withoutValues }
      let levels = try HostMatrix<Float>(box, from: "linear").array()
      return try decoded(factor, groupSize) { code, _ in Scalar(levels[Int(code)]) }
    }
  }

  /// `scale * value(code, group)`, groups counted row by row.
  private func decoded<Scalar: HostReal>(
    _ factor: Factor, _ groupSize: Int, _ value: (UInt8, Int) -> Scalar
  ) throws(StrategyError) -> HostMatrix<Scalar> {
    guard let codeBox = factor.values, let scaleBox = factor.scales else { throw Self.withoutValues }
    let codes = try HostMatrix<UInt8>(codeBox, from: "linear")
    let scales = try floats(of: Factor(shape: factor.shape, values: scaleBox))
    let width = groupSize == 0 ? max(1, codes.columns) : groupSize
    let result = try newMatrix(Scalar.self, rows: codes.rows, columns: codes.columns)
    for i in 0..<codes.rows {
      for j in 0..<codes.columns {
        let scale = Scalar(scales[i, j / width])
        result[i, j] = scale * value(codes[i, j], i * scales.columns + j / width)
      }
    }
    return result
  }

  private static var withoutValues: StrategyError {
    StrategyError(.invalid, "this factor has no values; a forecast sees shapes only")
  }
}
