/// The squares of the singular values of W G^(1/2), as a symmetric matrix of the smaller size.
///
/// The loss |(W - W') X|_F of a layer W: [m, n] with inputs X, G = X X^T: [n, n], is that of approximating
/// D = W G^(1/2) (arXiv 2503.12340, Theorem 3.1). Both forms below have the eigenvalues of D D^T.
public enum WeightedGram: Sendable {
  /// W G W^T: [m, m], for m <= n. Its eigenvectors are the left singular vectors of D; no root of G is taken.
  case output(Matrix<Double>)
  /// L^T W^T W L: [n, n], for m > n, with G + ridge I = L L^T.
  case input(Matrix<Double>, factor: RidgedCholesky<Double>)

  /// The cheaper form for W: [m, n] and G: [n, n], symmetric and positive semi-definite.
  public init(weight w: Matrix<Double>, gram g: Matrix<Double>, workers: Workers) throws(LinearAlgebraError) {
    guard g.rows == w.columns, g.columns == w.columns else {
      throw .shapes(operation: "weighted gram", [[w.rows, w.columns], [g.rows, g.columns]])
    }
    if w.rows <= w.columns {
      let weighted = try gemm(w, g, workers: workers)
      var product = try gemm(weighted, w, transposeB: true, workers: workers)
      product.withMutableView { $0.mirrorLowerTriangle(workers: workers) }
      self = .output(product)
    } else {
      let factor = try choleskyWithRidge(g, workers: workers)
      let whitened = try gemm(w, factor.factor, workers: workers)
      self = .input(try syrk(whitened, transpose: true, workers: workers), factor: factor)
    }
  }

  /// The symmetric matrix itself.
  public var matrix: Matrix<Double> {
    switch self {
    case .output(let matrix), .input(let matrix, _): matrix
    }
  }
}
