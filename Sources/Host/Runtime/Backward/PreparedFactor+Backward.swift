import CKernels
import LinearAlgebra

extension PreparedFactor {
  /// d loss / d x = F^T d loss / d y, for y = F x on rows: `gradient` [T, rows], `target` [T, columns]; added to
  /// `target` with `adding`.
  func backward(
    _ gradient: MatrixView<Float>, into target: MutableMatrixView<Float>, adding: Bool
  ) throws(RuntimeError) {
    switch self {
    case .matrix(let matrix):
      try RuntimeError.rethrowing { () throws(LinearAlgebraError) in
        try matrix.withView { (weight) throws(LinearAlgebraError) in
          try gemm(gradient, weight, beta: adding ? 1 : 0, into: target, workers: .serial)
        }
      }
    // A diagonal is its own transpose.
    case .diagonal: try forward(gradient, into: target, adding: adding)
    }
  }

  /// Adds d loss / d F = sum over rows of (d loss / d y) x^T to `target`; of a diagonal only the n numbers that it
  /// has, d loss / d f[i] = sum over rows of (d loss / d y[i]) x[i].
  func accumulate(
    _ gradient: MatrixView<Float>, input: MatrixView<Float>, into target: MutableMatrixView<Float>
  ) throws(RuntimeError) {
    switch self {
    case .matrix:
      try RuntimeError.rethrowing { () throws(LinearAlgebraError) in
        try gemm(gradient, transposeA: true, input, beta: 1, into: target, workers: .serial)
      }
    case .diagonal(let values):
      for row in 0..<gradient.rows {
        row_multiply_add(
          gradient.base + row * gradient.rowStride, input.base + row * input.rowStride, target.base,
          values.count)
      }
    }
  }
}
