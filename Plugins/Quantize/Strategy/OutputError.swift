import PluginKit

/// How far the outputs of a linear are off: `||E X||` and `||W X||` from the Gram matrix of its inputs.
struct OutputError {
  /// `||E X||_F`.
  let weighted: Double
  /// `||E X||_F / ||W X||_F`; 0 where both are.
  let relative: Double

  init(error: Double, output: Double) {
    weighted = error.squareRoot()
    relative = output > 0 ? (error / output).squareRoot() : 0
  }
}

extension HostAccess where Self: ~Copyable {
  /// `trace(A G A^T) = ||A X||_F^2`, in f64.
  func squaredOutput(
    _ a: borrowing HostMatrix<Double>, _ gram: borrowing HostMatrix<Double>
  ) throws(StrategyError) -> Double {
    let product = try product(a, gram)
    let sums = try newVector(Double.self, count: a.rows)
    try forEach(a.rows) { (row) throws(StrategyError) in
      a.withRow(row) { left in
        product.withRow(row) { right in
          var sum = 0.0
          for j in left.indices { sum += left[j] * right[j] }
          sums[row, 0] = sum
        }
      }
    }
    return max(0, sums.array().reduce(0, +))
  }

  /// The matrix that a form stands for, in f64.
  func matrix(of terms: [[Factor]]) throws(StrategyError) -> HostMatrix<Double>? {
    var sum: HostMatrix<Double>?
    for term in terms {
      guard let first = term.first else { continue }
      var product = try matrix(of: first, as: Double.self)
      for factor in term.dropFirst() {
        product = try self.product(matrix(of: factor, as: Double.self), product)
      }
      switch consume sum {
      case .some(let before):
        for i in 0..<before.count { before.elements[i] += product.elements[i] }
        sum = consume before
      case .none: sum = consume product
      }
    }
    return sum
  }
}
