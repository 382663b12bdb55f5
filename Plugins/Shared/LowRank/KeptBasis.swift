import PluginKit

/// Keys under which the output directions of a linear and their spectrum lie in the workspace.
package enum KeptBasis {
  /// `[m, k]` float32.
  package static let vectors = "u"
  /// `[1, 2 + k]`, see `Spectrum.row`.
  package static let spectrum = "spectrum"
}

extension HostAccess where Self: ~Copyable {
  /// The spectrum of the `rank` leading output directions of `node`, which lie in the workspace afterwards.
  ///
  /// What an interrupted run left there is not computed again: the host gives a stage its own tensors back only
  /// where all inputs of the run are the same.
  package func keepingBasis(
    of node: Node, rank: Int, _ compute: () throws(StrategyError) -> OutputBasis
  ) throws(StrategyError) -> Spectrum {
    if let vectors = try? kept(Float.self, for: node, key: KeptBasis.vectors),
      vectors.rows == node.outFeatures, vectors.columns == rank,
      let row = try? kept(Double.self, for: node, key: KeptBasis.spectrum), let found = Spectrum(row: row)
    {
      return found
    }
    let basis = try compute()
    try keep(converted(basis.vectors, to: Float.self), for: node, key: KeptBasis.vectors)
    let row = basis.spectrum.row
    let matrix = try newMatrix(Double.self, rows: 1, columns: row.count)
    for (column, value) in row.enumerated() { matrix[0, column] = value }
    try keep(matrix, for: node, key: KeptBasis.spectrum)
    return basis.spectrum
  }

  /// The directions that `keepingBasis` kept.
  package func keptBasis(of node: Node) throws(StrategyError) -> HostMatrix<Float> {
    try kept(Float.self, for: node, key: KeptBasis.vectors)
  }

  package func forgetBasis(of node: Node) throws(StrategyError) {
    try forget(for: node, key: KeptBasis.vectors)
    try forget(for: node, key: KeptBasis.spectrum)
  }
}

extension Spectrum {
  /// unit, remainder, and the leading values.
  fileprivate var row: [Double] { [unit, remainder] + leading }

  fileprivate init?(row: borrowing HostMatrix<Double>) {
    guard row.rows == 1, row.columns >= 2 else { return nil }
    self.init(
      leading: (2..<row.columns).map { row[0, $0] }, remainder: row[0, 1], unit: row[0, 0])
  }
}
