import PluginKit

/// `W' = A B` with A `[m, k]` and B `[k, n]`, float32.
package struct FactorPair: ~Copyable, Sendable {
  package let a: HostMatrix<Float>
  package let b: HostMatrix<Float>

  package init(a: consuming HostMatrix<Float>, b: consuming HostMatrix<Float>) {
    self.a = a
    self.b = b
  }

  /// The projection of `weight` `[m, n]` on the first `rank` columns of `basis`: `A = U_k`, `B = U_k^T W`.
  package init<Host: HostAccess & ~Copyable, Basis: HostReal>(
    projecting weight: borrowing HostMatrix<Float>, on basis: borrowing HostMatrix<Basis>, rank: Int,
    _ host: borrowing Host
  ) throws(StrategyError) {
    guard basis.rows == weight.rows, basis.columns >= rank else {
      throw StrategyError(.contract, "a kept basis is [\(basis.rows), \(basis.columns)]")
    }
    let a = try host.leadingColumns(rank, of: basis, as: Float.self)
    b = try host.product(a, transposeA: true, weight)
    self.a = a
  }

  package consuming func takeForm() -> LinearForm {
    LinearForm(terms: [[.dense(b), .dense(a)]])
  }
}

extension HostAccess where Self: ~Copyable {
  /// The first `count` columns of `matrix` as a new matrix.
  package func leadingColumns<From: HostReal, To: HostReal>(
    _ count: Int, of matrix: borrowing HostMatrix<From>, as type: To.Type
  ) throws(StrategyError) -> HostMatrix<To> {
    let result = try newMatrix(To.self, rows: matrix.rows, columns: count)
    for i in 0..<matrix.rows {
      matrix.withRow(i) { source in
        result.withMutableRow(i) { target in
          for j in target.indices { target[j] = To(source[j]) }
        }
      }
    }
    return result
  }
}
