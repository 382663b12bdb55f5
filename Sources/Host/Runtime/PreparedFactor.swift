import CKernels
import Graph
import LinearAlgebra
import Tensors

/// One factor in f32, ready to be multiplied: quantised ones are dequantised, diagonals stay vectors.
public enum PreparedFactor: Sendable {
  /// [rows, columns].
  case matrix(Matrix<Float>)
  case diagonal([Float])

  /// Throws when a value is not finite; `name` leads the tensor's name in the error.
  init(_ factor: Factor, name: String) throws(RuntimeError) {
    let form = factor.form
    switch factor {
    case .diagonal(let tensor): self = .diagonal(try tensor.finiteFloats(name + "diagonal"))
    case .dense(let tensor):
      let matrix = try RuntimeError.rethrowing { () throws(LinearAlgebraError) in try Matrix<Float>(tensor) }
      self = .matrix(try Self.finite(matrix, name: name + "weight"))
    case .quantized, .codebook:
      var matrix = Matrix<Float>(uninitialisedRows: form.rows, columns: form.columns)
      try matrix.withMutableView { (view) throws(RuntimeError) in
        do throws(TensorError) { try factor.copyFloats(to: view.base) } catch {
          throw RuntimeError.unreadable(tensor: name + "weight_packed", error)
        }
      }
      self = .matrix(try Self.finite(matrix, name: name + "weight_scale"))
    }
  }

  public var rows: Int {
    switch self {
    case .matrix(let matrix): matrix.rows
    case .diagonal(let values): values.count
    }
  }

  /// y = F x for rows x: [T, columns], y: [T, rows]; with `adding`, y += F x.
  func forward(
    _ input: MatrixView<Float>, into output: MutableMatrixView<Float>, adding: Bool
  ) throws(RuntimeError) {
    switch self {
    case .matrix(let matrix):
      try RuntimeError.rethrowing { () throws(LinearAlgebraError) in
        try matrix.withView { (weight) throws(LinearAlgebraError) in
          try gemm(
            input, weight, transposeB: true, beta: adding ? 1 : 0, into: output, workers: .serial)
        }
      }
    case .diagonal(let values):
      for row in 0..<input.rows {
        let source = input.base + row * input.rowStride
        let target = output.base + row * output.rowStride
        if adding {
          row_multiply_add(source, values, target, values.count)
        } else {
          row_multiply(source, values, target, values.count)
        }
      }
    }
  }

  private static func finite(_ matrix: Matrix<Float>, name: String) throws(RuntimeError) -> Matrix<Float> {
    let count = matrix.withView { $0.nonFiniteCount }
    guard count == 0 else { throw .nonFinite(tensor: name, count: count) }
    return matrix
  }
}
