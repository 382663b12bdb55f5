import PluginKit

extension Spectrum {
  /// Multiplies column i of `a` by `c sigma_i^(1/2)` and divides row i of `b` by it, where `sigma_i^2 = lambda_i`.
  ///
  /// The power of two c makes the two factors about equally large: sigma is a sum over all calibration tokens, and
  /// factors stored in float16 should not depend on their number. Directions below `1e-14 lambda_1` share the factor
  /// of that bound, so nothing is divided by zero.
  package func balance(_ a: borrowing HostMatrix<Float>, _ b: borrowing HostMatrix<Float>) {
    let largest = (leading.first ?? 0) * unit
    guard largest > 0, largest.isFinite else { return }
    let roots = leading.prefix(a.columns).map { lambda in
      max(lambda * unit, 1e-14 * largest).squareRoot().squareRoot()
    }
    // Columns of A have the norm 1 so far.
    let left = roots.reduce(0) { $0 + $1 * $1 }
    var right = 0.0
    for i in 0..<b.rows {
      b.withRow(i) { row in
        for j in row.indices { right += Double(row[j]) * Double(row[j]) / (roots[i] * roots[i]) }
      }
    }
    guard right > 0, right.isFinite else { return }
    let even = Double(
      sign: .plus, exponent: (right / left).squareRoot().squareRoot().exponent, significand: 1)
    let scales = roots.map { Float($0 * even) }
    for i in 0..<a.rows {
      a.withMutableRow(i) { row in
        for j in row.indices { row[j] *= scales[j] }
      }
    }
    for i in 0..<b.rows {
      b.withMutableRow(i) { row in
        for j in row.indices { row[j] /= scales[i] }
      }
    }
  }
}
