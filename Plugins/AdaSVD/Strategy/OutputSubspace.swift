import LowRank
import PluginKit

/// An orthonormal basis Q `[m, k]` of the outputs that the factors may reach.
struct OutputSubspace: ~Copyable {
  let q: HostMatrix<Double>

  init(_ q: consuming HostMatrix<Double>) { self.q = q }

  /// One U-step and V-step: `Q <- orth(P S^T Q)`, `P` and `S` `[m, n]`.
  ///
  /// `S = N L`, where `B = Q^T N` is what the factors had: `W L` for the truncation, P after a V-step. The paper
  /// solves for A with the inverse of `B G' B^T`; that factor on the right does not change the span. QR needs no
  /// inverse, and where the product has a lower rank it completes the basis.
  consuming func updated<Host: HostAccess & ~Copyable>(
    _ p: borrowing HostMatrix<Double>, from s: borrowing HostMatrix<Double>, _ host: borrowing Host
  ) throws(StrategyError) -> OutputSubspace {
    let seen = try host.product(s, transposeA: true, q)
    return try OutputSubspace(host.qr(host.product(p, seen)).takeQ())
  }

  /// `||P^T Q||^2`: what factors with this basis explain of `||P||^2`.
  func explained<Host: HostAccess & ~Copyable>(
    _ p: borrowing HostMatrix<Double>, _ host: borrowing Host
  ) throws(StrategyError) -> Double {
    try host.product(p, transposeA: true, q).squaredNorm
  }

  /// `||P - Q Q^T W L||^2` of the truncation that the updates start from, whose B is `Q^T W`; `whitened`: `W L`.
  func truncationLoss<Host: HostAccess & ~Copyable>(
    _ p: borrowing HostMatrix<Double>, from whitened: borrowing HostMatrix<Double>, _ host: borrowing Host
  ) throws(StrategyError) -> Double {
    let wanted = try host.product(p, transposeA: true, q)
    let given = try host.product(whitened, transposeA: true, q)
    return p.squaredNorm - 2 * wanted.dot(given) + given.squaredNorm
  }

  /// The same span in the singular directions of `Q^T P`, with their squared singular values.
  consuming func aligned<Host: HostAccess & ~Copyable>(
    _ p: borrowing HostMatrix<Double>, unit: Double, _ host: borrowing Host
  ) throws(StrategyError) -> OutputBasis {
    let seen = try host.product(p, transposeA: true, q)
    let square = try host.newMatrix(Double.self, rows: seen.columns, columns: seen.columns)
    try host.syrk(seen, transpose: true, into: square)
    let trace = square.trace
    let pairs = try host.eigh(square, count: square.rows)
    let spectrum = Spectrum(ascending: pairs.values, trace: trace, unit: unit)
    let rotation = pairs.takeVectors()
    rotation.reverseColumns()
    return try OutputBasis(vectors: host.product(q, rotation), spectrum: spectrum)
  }
}

extension HostMatrix<Double> {
  /// Row by row, so the sum does not depend on threads.
  var squaredNorm: Double {
    var sum = 0.0
    for i in 0..<rows {
      withRow(i) { row in
        var part = 0.0
        for j in row.indices { part += row[j] * row[j] }
        sum += part
      }
    }
    return sum
  }

  /// `sum of a_ij b_ij` for matrices of one shape.
  func dot(_ other: borrowing HostMatrix<Double>) -> Double {
    var sum = 0.0
    for i in 0..<rows {
      withRow(i) { a in
        other.withRow(i) { b in
          var part = 0.0
          for j in a.indices { part += a[j] * b[j] }
          sum += part
        }
      }
    }
    return sum
  }
}
