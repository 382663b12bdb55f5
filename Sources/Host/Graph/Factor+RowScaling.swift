import Tensors

extension Factor {
  /// `diag(scales) F`, rounded to the types in which F is stored; codes stay as they are.
  func scalingRows(by scales: [Float]) throws(TensorError) -> Factor {
    switch self {
    case .dense(let values): .dense(try Self.scaled(values, by: scales))
    case .diagonal(let values): .diagonal(try Self.scaled(values, by: scales))
    case .quantized(let matrix):
      .quantized(
        QuantizedMatrix(
          rows: matrix.rows, columns: matrix.columns, scheme: matrix.scheme, packed: matrix.packed,
          scales: try Self.scaled(matrix.scales, by: scales), zeroPoints: matrix.zeroPoints))
    case .codebook(let matrix):
      .codebook(
        CodebookMatrix(
          rows: matrix.rows, columns: matrix.columns, scheme: matrix.scheme, packed: matrix.packed,
          scales: try Self.scaled(matrix.scales, by: scales), codebook: matrix.codebook))
    }
  }

  /// Multiplies each of the equal runs of `values` by its scale.
  static func scaled(_ values: Tensor, by scales: [Float]) throws(TensorError) -> Tensor {
    var elements = try values.floats()
    let run = elements.count / max(1, scales.count)
    for (row, scale) in scales.enumerated() {
      for i in row * run..<(row + 1) * run { elements[i] *= scale }
    }
    let product = Tensor(.f32, values.shape) { bytes in
      elements.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    return try product.converted(to: values.elementType)
  }
}

extension Linear {
  /// The layer whose outputs are `diag(scales) y`, bias included, rounded to the types in which it is stored.
  public func scalingRows(by scales: [Float]) throws -> Linear {
    guard scales.count == outFeatures else {
      throw GraphError.outputWidth(expected: outFeatures, found: scales.count)
    }
    let scaled = try terms.map { term in
      try term.enumerated().map { place, factor in
        place == term.count - 1 ? try factor.scalingRows(by: scales) : factor
      }
    }
    return try Linear(
      outFeatures: outFeatures, inFeatures: inFeatures, terms: scaled,
      bias: bias.map { try Factor.scaled($0, by: scales) })
  }

  /// The layer `diag(output) L diag(1 / input)`, as further factors, so that nothing is rounded; nil means ones.
  public func enclosed(dividing input: [Float]?, multiplying output: [Float]?) throws -> Linear {
    func diagonal(_ values: [Float]) -> Factor {
      .diagonal(
        Tensor(.f32, [values.count]) { bytes in values.withUnsafeBytes { bytes.copyMemory(from: $0) } })
    }
    let before = input.map { [diagonal($0.map { 1 / $0 })] } ?? []
    let after = output.map { [diagonal($0)] } ?? []
    return try Linear(
      outFeatures: outFeatures, inFeatures: inFeatures, terms: terms.map { before + $0 + after }, bias: bias)
  }
}
