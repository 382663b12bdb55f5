import LowRank
import PluginKit

/// How the error of one column is made up for in the columns after it (arXiv 2210.17323, algorithm 1).
///
/// Columns are taken in `order`. With `G` in that order, damped, and `G^-1 = U^T U` for an upper triangular U, the error
/// `w_k' - q_k` of column k is followed by
///
///     w_j' <- w_j' - (w_k' - q_k) U_kj / U_kk     for all j > k,
///
/// the least-squares answer of the columns that are still free, and `||(w - q) X||^2 = sum of (w_k' - q_k)^2 / U_kk^2`.
///
/// `U = M^-1` for `G = M M^T`, M upper triangular: the Cholesky factor of `G` with rows and columns reversed, reversed
/// back. So there is one f64 decomposition and one triangular inverse, and no inverse of `G`.
struct ErrorFeedback: ~Copyable, Sendable {
  /// Column `order[k]` is the k-th to be rounded.
  let order: [Int]
  /// U reversed, lower triangular: `U[j, k] = inverse[n - 1 - j, n - 1 - k]`.
  private let inverse: HostMatrix<Double>
  /// `mean(diag G)`; 1 where no input was ever different from zero.
  let unit: Double
  /// What was added to the diagonal, times `unit`.
  let damping: Double
  /// Columns whose input was always zero; they are rounded to the nearest.
  let deadCount: Int

  var count: Int { order.count }

  /// Takes the first damping of `damping`, then `1e-6, 1e-5, ..., 10` (those above) with which `G` is positive definite.
  init<Host: HostAccess & ~Copyable>(
    _ gram: borrowing HostMatrix<Double>, order: ColumnOrder, damping: Double, _ host: borrowing Host
  ) throws(StrategyError) {
    let n = gram.rows
    guard n > 0, gram.columns == n else {
      throw StrategyError(.contract, "a Gram matrix is [\(gram.rows), \(gram.columns)] and not square")
    }
    let diagonal = (0..<n).map { gram[$0, $0] }
    let mean = diagonal.reduce(0, +) / Double(n)
    guard mean.isFinite, diagonal.allSatisfy({ $0 >= 0 }) else {
      throw StrategyError(
        .numerical, "the Gram matrix of the inputs is not finite or has a negative diagonal")
    }
    let unit = mean >= Double.leastNormalMagnitude ? mean : 1
    let order =
      order == .natural
      ? Array(0..<n) : (0..<n).sorted { diagonal[$0] == diagonal[$1] ? $0 < $1 : diagonal[$0] > diagonal[$1] }
    let reversed = Array(order.reversed())
    let shifted = try host.newMatrix(Double.self, rows: n, columns: n)
    let ladder = [damping] + [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10].filter { $0 > damping }
    for damping in ladder {
      try host.forEach((n + 63) / 64) { (piece) throws(StrategyError) in
        for i in 64 * piece..<min(n, 64 * (piece + 1)) {
          gram.withRow(reversed[i]) { source in
            shifted.withMutableRow(i) { target in
              for j in 0..<i { target[j] = source[reversed[j]] / unit }
              target[i] = (diagonal[reversed[i]] > 0 ? diagonal[reversed[i]] / unit : 1) + damping
            }
          }
        }
      }
      do throws(StrategyError) {
        let lower = try host.cholesky(shifted)
        let identity = try host.newMatrix(Double.self, rows: n, columns: n)
        for i in 0..<n { identity[i, i] = 1 }
        try host.solveLower(lower, identity)
        inverse = identity
        self.order = order
        self.unit = unit
        self.damping = damping
        deadCount = diagonal.count { $0 == 0 }
        return
      } catch {
        guard error.code == .numerical else { throw error }
      }
    }
    throw StrategyError(
      .numerical, "the Gram matrix of the inputs is not finite, or far from positive semidefinite")
  }

  /// `1 / U_kk^2`.
  func weight(_ k: Int) -> Double {
    let i = count - 1 - k
    return 1 / (inverse[i, i] * inverse[i, i])
  }

  /// `-U_jk / U_jj` for j in `rows` and k in `columns`, 0 where `j >= k`; `[rows, columns]`.
  func shares<Real: HostReal, Host: HostAccess & ~Copyable>(
    _ rows: Range<Int>, _ columns: Range<Int>, as real: Real.Type, _ host: borrowing Host
  ) throws(StrategyError) -> HostMatrix<Real> {
    let result = try host.newMatrix(Real.self, rows: rows.count, columns: columns.count)
    let last = count - 1
    try host.forEach((rows.count + 255) / 256) { (piece) throws(StrategyError) in
      for place in 256 * piece..<min(rows.count, 256 * (piece + 1)) {
        let j = rows.lowerBound + place
        inverse.withRow(last - j) { source in
          let factor = -1 / source[last - j]
          result.withMutableRow(place) { target in
            for k in columns where k > j {
              target[k - columns.lowerBound] = Real(source[last - k] * factor)
            }
          }
        }
      }
    }
    return result
  }
}
