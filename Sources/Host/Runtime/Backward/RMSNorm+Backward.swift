import CKernels
import LinearAlgebra

extension RMSNorm {
  /// d loss / d x from x and d loss / d y, both [T, m n]; added to `target` with `adding`, else written, and then
  /// `target` may be the memory of `gradient`.
  ///
  ///     dx[i] = r (w[i] dy[i] - x[i] r^2 mean_j(w[j] dy[j] x[j])),   r = 1 / sqrt(mean_j x[j]^2 + epsilon)
  func backward(
    _ input: MatrixView<Float>, gradient: MatrixView<Float>, into target: MutableMatrixView<Float>,
    adding: Bool
  ) {
    let width = weight.count
    precondition(width > 0 && input.columns % width == 0, "a row is not a whole number of vectors")
    precondition(input.rows == target.rows && input.columns == target.columns, "shapes differ")
    precondition(input.rows == gradient.rows && input.columns == gradient.columns, "shapes differ")
    for row in 0..<input.rows {
      for start in stride(from: 0, to: input.columns, by: width) {
        row_rms_norm_backward(
          input.base + row * input.rowStride + start, weight, epsilon,
          gradient.base + row * gradient.rowStride + start, adding ? 1 : 0,
          target.base + row * target.rowStride + start, width)
      }
    }
  }
}
