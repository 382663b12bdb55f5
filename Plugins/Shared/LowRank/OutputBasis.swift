import PluginKit

/// The best output subspaces of one linear: `W' = U_k U_k^T W` is the rank-k matrix with the smallest
/// `||(W - W') X||_F`, for every k.
///
/// The paper (arXiv 2503.12340, algorithm 2) decomposes `G = X X^T`, then `W G^(1/2)`, and multiplies by the
/// inverse square root of `G`. The result is the projection of `W` on the leading left singular vectors of `W X`
/// (the same matrix in exact arithmetic), and those come from one symmetric eigenproblem of the smaller side,
/// without a root or an inverse of `G`:
///
/// - m <= n: `W G W^T = U diag(lambda) U^T`, `[m, m]`.
/// - m > n: `G = L L^T`, `P = W L`, `P^T P = V diag(lambda) V^T`, `[n, n]`; U is the orthonormal factor of
///   `P V_k`, whose leading columns span what `P V_k diag(lambda)^(-1/2)` spans, and which needs no division.
///
/// A singular `G` is harmless: a direction that no input ever took is still projected, not dropped.
///
/// `G + ridge * mean(diag G) I` stands for `G`, so reported losses include that of the ridge.
///
/// Tolerance: an eigenvalue is off by about `1e-15 * lambda_max`, so a loss above `1e-5 ||W X||` is within 0.1 %
/// of that from a float64 SVD of `W X`, and below that it is below `1e-5 ||W X||` too.
package struct OutputBasis: ~Copyable {
  /// `[m, k]`, orthonormal columns, in the order of the spectrum.
  package let vectors: HostMatrix<Double>
  package let spectrum: Spectrum

  package init(vectors: consuming HostMatrix<Double>, spectrum: Spectrum) {
    self.vectors = vectors
    self.spectrum = spectrum
  }
}

extension WhitenedInput {
  /// The leading `rank` output directions of `weight` `[m, n]`.
  package func basis<Host: HostAccess & ~Copyable>(
    of weight: borrowing HostMatrix<Float>, rank: Int, _ host: borrowing Host
  ) throws(StrategyError) -> OutputBasis {
    let w = try host.converted(weight, to: Double.self)
    if w.rows <= w.columns { return try wide(w, rank: rank, host) }
    switch factor {
    case .some(let factor):
      return try OutputBasis.tall(host.product(w, factor.lower), rank: rank, unit: unit, host)
    case .none: return try OutputBasis.tall(w, rank: rank, unit: unit, host)
    }
  }

  /// `w`: `[m, n]`, m <= n.
  private func wide<Host: HostAccess & ~Copyable>(
    _ w: borrowing HostMatrix<Double>, rank: Int, _ host: borrowing Host
  ) throws(StrategyError) -> OutputBasis {
    let outer = try host.newMatrix(Double.self, rows: w.rows, columns: w.rows)
    if unit > 0 {
      let wg = try host.newMatrix(Double.self, rows: w.rows, columns: w.columns)
      try host.gemm(w, gram, alpha: 1 / unit, into: wg)
      try host.gemm(wg, w, transposeB: true, into: outer)
      if ridge > 0 { try host.syrk(w, alpha: ridge, beta: 1, into: outer) }
      outer.symmetrise()
    } else {
      try host.syrk(w, into: outer)
    }
    let trace = outer.trace
    let pairs = try host.eigh(outer, count: rank)
    let spectrum = Spectrum(ascending: pairs.values, trace: trace, unit: unit)
    let vectors = pairs.takeVectors()
    vectors.reverseColumns()
    return OutputBasis(vectors: vectors, spectrum: spectrum)
  }
}

extension OutputBasis {
  /// The leading `rank` left singular directions of `p` `[m, n]`, m <= n; eigenvectors of `p p^T`.
  private static func wide<Host: HostAccess & ~Copyable>(
    _ p: borrowing HostMatrix<Double>, rank: Int, unit: Double, _ host: borrowing Host
  ) throws(StrategyError) -> OutputBasis {
    let outer = try host.newMatrix(Double.self, rows: p.rows, columns: p.rows)
    try host.syrk(p, into: outer)
    let trace = outer.trace
    let pairs = try host.eigh(outer, count: rank)
    let spectrum = Spectrum(ascending: pairs.values, trace: trace, unit: unit)
    let vectors = pairs.takeVectors()
    vectors.reverseColumns()
    return OutputBasis(vectors: vectors, spectrum: spectrum)
  }

  /// The leading `rank` left singular directions of `p` `[m, n]`, whose squared singular values times `unit` are
  /// the spectrum.
  package static func leading<Host: HostAccess & ~Copyable>(
    of p: borrowing HostMatrix<Double>, rank: Int, unit: Double, _ host: borrowing Host
  ) throws(StrategyError) -> OutputBasis {
    try p.rows <= p.columns
      ? wide(p, rank: rank, unit: unit, host) : tall(p, rank: rank, unit: unit, host)
  }

  /// The same for m > n.
  fileprivate static func tall<Host: HostAccess & ~Copyable>(
    _ p: borrowing HostMatrix<Double>, rank: Int, unit: Double, _ host: borrowing Host
  ) throws(StrategyError) -> OutputBasis {
    let inner = try host.newMatrix(Double.self, rows: p.columns, columns: p.columns)
    try host.syrk(p, transpose: true, into: inner)
    let trace = inner.trace
    let pairs = try host.eigh(inner, count: rank)
    let spectrum = Spectrum(ascending: pairs.values, trace: trace, unit: unit)
    let v = pairs.takeVectors()
    v.reverseColumns()
    let vectors = try host.qr(host.product(p, v)).takeQ()
    return OutputBasis(vectors: vectors, spectrum: spectrum)
  }
}

extension HostMatrix<Double> {
  /// Sum of the diagonal.
  package var trace: Double {
    var sum = 0.0
    for i in 0..<min(rows, columns) { sum += self[i, i] }
    return sum
  }

  /// `a = (a + a^T) / 2` for a square matrix.
  package func symmetrise() {
    for i in 0..<rows {
      for j in 0..<i {
        let mean = (self[i, j] + self[j, i]) / 2
        self[i, j] = mean
        self[j, i] = mean
      }
    }
  }

  /// Ascending to descending eigenvectors.
  package func reverseColumns() {
    for i in 0..<rows {
      withMutableRow(i) { row in
        let last = row.count - 1
        for j in 0..<row.count / 2 {
          let element = row[j]
          row[j] = row[last - j]
          row[last - j] = element
        }
      }
    }
  }
}
