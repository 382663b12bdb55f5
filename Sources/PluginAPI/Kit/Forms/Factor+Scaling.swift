import CLathe

extension HostAccess where Self: ~Copyable {
  /// `diag(scales) F`: row i of a factor times `scales[i]`, stored as before. A quantised factor keeps its codes:
  /// its scales are multiplied, so nothing is rounded but they.
  ///
  /// `.unsupported` for a negative scale of a quantised factor.
  public func scalingRows(of factor: Factor, by scales: [Float]) throws(StrategyError) -> Factor {
    guard scales.count == factor.shape.rows else {
      throw StrategyError(
        .invalid, "\(scales.count) scales were given for a factor of \(factor.shape.rows) rows")
    }
    switch factor.shape.storage {
    case .dense: return .dense(try scaled(floats(of: factor), scales), storedAs: factor.shape.elementType)
    case .diagonal:
      return .diagonal(try scaled(floats(of: factor), scales), storedAs: factor.shape.elementType)
    case .quantized, .codebook:
      guard let box = factor.scales, scales.allSatisfy({ $0 >= 0 }) else {
        throw StrategyError(.unsupported, "rows of a quantised factor cannot be multiplied by these scales")
      }
      let product = try scaled(floats(of: box), scales)
      return Factor(
        shape: factor.shape, values: factor.values, scales: product.box, zeroPoints: factor.zeroPoints,
        codebook: factor.codebook)
    }
  }

  private func scaled(
    _ matrix: consuming HostMatrix<Float>, _ scales: [Float]
  ) -> HostMatrix<Float> {
    for i in 0..<matrix.rows {
      matrix.withMutableRow(i) { row in
        for j in row.indices { row[j] *= scales[i] }
      }
    }
    return matrix
  }
}
