import Tensors

/// A matrix `[rows, columns]` as it is stored: one factor of a term of a linear layer.
public enum Factor: Sendable, Codable {
  /// `[rows, columns]` of real elements.
  case dense(Tensor)
  /// `[n]`: the diagonal of an `n` by `n` matrix.
  case diagonal(Tensor)
  case quantized(QuantizedMatrix)
  case codebook(CodebookMatrix)

  /// Shape and storage.
  public var form: FactorForm {
    switch self {
    case .dense(let values):
      FactorForm(rows: values.shape[0], columns: values.shape[1], storage: .dense(values.elementType))
    case .diagonal(let values):
      FactorForm(rows: values.shape[0], columns: values.shape[0], storage: .diagonal(values.elementType))
    case .quantized(let matrix):
      FactorForm(rows: matrix.rows, columns: matrix.columns, storage: .quantized(matrix.scheme))
    case .codebook(let matrix):
      FactorForm(rows: matrix.rows, columns: matrix.columns, storage: .codebook(matrix.scheme))
    }
  }

  /// The tensors that store it, in the order of `form.parts`.
  public var tensors: [Tensor] {
    switch self {
    case .dense(let values), .diagonal(let values): [values]
    case .quantized(let matrix): matrix.tensors
    case .codebook(let matrix): matrix.tensors
    }
  }

  /// The same factor with each tensor replaced by what `transform` makes of it.
  public func mapTensors<Failure: Error>(
    _ transform: (Tensor) throws(Failure) -> Tensor
  ) throws(Failure) -> Factor {
    switch self {
    case .dense(let values): .dense(try transform(values))
    case .diagonal(let values): .diagonal(try transform(values))
    case .quantized(let matrix): .quantized(try matrix.mapTensors(transform))
    case .codebook(let matrix): .codebook(try matrix.mapTensors(transform))
    }
  }

  /// Writes the matrix, row-major, as `Float` to `target` with room for `rows * columns`.
  public func copyFloats(to target: UnsafeMutablePointer<Float>) throws(TensorError) {
    switch self {
    case .dense(let values): try values.copyFloats(to: target)
    case .diagonal(let values):
      let diagonal = try values.floats()
      target.initialize(repeating: 0, count: diagonal.count * diagonal.count)
      for (i, value) in diagonal.enumerated() { target[i * diagonal.count + i] = value }
    case .quantized(let matrix): try matrix.copyFloats(to: target)
    case .codebook(let matrix): try matrix.copyFloats(to: target)
    }
  }
}
