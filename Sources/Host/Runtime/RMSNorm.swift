import CKernels
import LinearAlgebra

/// Root mean square normalisation of rows.
///
///     y[t, i] = weight[i] * x[t, i] / sqrt(mean_j x[t, j]^2 + epsilon)
///
/// x, y: [T, n], weight: [n]. Source: arXiv 1910.07467, equation 4.
public struct RMSNorm: Sendable {
  public let weight: [Float]
  public let epsilon: Float

  public init(weight: [Float], epsilon: Double) {
    self.weight = weight
    self.epsilon = Float(epsilon)
  }

  /// y of x: [T, m n]; every row is m vectors that are normalised each for itself. In place when `output` is
  /// the same memory.
  public func forward(_ input: MatrixView<Float>, into output: MutableMatrixView<Float>) {
    let width = weight.count
    precondition(width > 0 && input.columns % width == 0, "a row is not a whole number of vectors")
    precondition(input.rows == output.rows && input.columns == output.columns, "shapes differ")
    for row in 0..<input.rows {
      let source = input.base + row * input.rowStride
      let target = output.base + row * output.rowStride
      for start in stride(from: 0, to: input.columns, by: width) {
        _ = row_rms_norm(source + start, weight, epsilon, target + start, width)
      }
    }
  }

  /// In place.
  public func forward(_ values: MutableMatrixView<Float>) { forward(values.readable, into: values) }
}
