import Graph
import LinearAlgebra
import Tensors

/// The matrix a linear layer stands for: `W = sum_t F_t[n-1] ... F_t[0]`, `[out, in]` f32.
public enum DenseProduct {
  /// Multiplies the factors of every term in f32 and adds the terms. The bias is left out.
  public static func weight(of linear: Linear, workers: Workers = .serial) throws -> Tensor {
    var sum = Matrix<Float>(rows: linear.outFeatures, columns: linear.inFeatures)
    for term in linear.terms {
      var product: Matrix<Float>?
      for factor in term {
        let matrix = try matrix(of: factor)
        if let sofar = product {
          product = try gemm(matrix, sofar, workers: workers)
        } else {
          product = matrix
        }
      }
      guard let product else { continue }
      if linear.terms.count == 1 { return product.tensor() }
      sum.withMutableView { target in
        product.withView { source in
          for i in 0..<source.rows {
            for j in 0..<source.columns { target[i, j] += source[i, j] }
          }
        }
      }
    }
    return sum.tensor()
  }

  private static func matrix(of factor: Factor) throws(TensorError) -> Matrix<Float> {
    var matrix = Matrix<Float>(uninitialisedRows: factor.form.rows, columns: factor.form.columns)
    try matrix.withUnsafeMutableBuffer { (buffer) throws(TensorError) in
      if let base = buffer.baseAddress { try factor.copyFloats(to: base) }
    }
    return matrix
  }
}
