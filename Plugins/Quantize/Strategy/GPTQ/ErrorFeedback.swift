import LowRank
import PluginKit

/// How the errors of the columns before a column are made up for in it (arXiv 2210.17323, algorithm 1, in the form of
/// arXiv 2307.13304, section 3.1 and theorem 6).
///
/// Columns are taken in `order`. With `G` in that order, damped, and `G = R D R^T` for a unit upper triangular R, column
/// k of W is rounded as
///
///     z_k = w_k + sum over j < k of e_j R_jk,   q_k = round(z_k),   e_k = w_k - q_k.
///
/// This is what updating all later columns after each one comes to: the least-squares answer of the columns that are
/// still free. `||E X||^2 = sum over k of D_k (z_k - q_k)^2`, so the error costs nothing more. Before the columns s of a
/// span S are rounded, their answer to the errors before S is `w_s + (sum over j of e_j R_jS) R_SS^-1`, and within S
/// column k adds `-(z_k - q_k) (R_SS^-1)_kj` to each column j behind it, as published.
///
/// `R D^(1/2) = M` for `G = M M^T`: the Cholesky factor of `G` with rows and columns reversed, reversed back. One f64
/// decomposition is all; neither an inverse of `G` nor of its factor is formed.
struct ErrorFeedback: ~Copyable, Sendable {
  /// Column `order[k]` is the k-th to be rounded.
  let order: [Int]
  /// M reversed, lower triangular: `M[j, k] = reversed[n - 1 - j, n - 1 - k]`.
  private let reversed: HostMatrix<Double>
  /// `M_kk`, the roots of D.
  private let diagonal: [Double]
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
    let power = (0..<n).map { gram[$0, $0] }
    let mean = power.reduce(0, +) / Double(n)
    guard mean.isFinite, power.allSatisfy({ $0 >= 0 }) else {
      throw StrategyError(
        .numerical, "the Gram matrix of the inputs is not finite or has a negative diagonal")
    }
    let unit = mean >= Double.leastNormalMagnitude ? mean : 1
    let order =
      order == .natural
      ? Array(0..<n) : (0..<n).sorted { power[$0] == power[$1] ? $0 < $1 : power[$0] > power[$1] }
    let last = Array(order.reversed())
    let shifted = try host.newMatrix(Double.self, rows: n, columns: n)
    let ladder = [damping] + [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10].filter { $0 > damping }
    for damping in ladder {
      try host.forEach((n + 63) / 64) { (piece) throws(StrategyError) in
        for i in 64 * piece..<min(n, 64 * (piece + 1)) {
          gram.withRow(last[i]) { source in
            shifted.withMutableRow(i) { target in
              for j in 0..<i { target[j] = source[last[j]] / unit }
              target[i] = (power[last[i]] > 0 ? power[last[i]] / unit : 1) + damping
            }
          }
        }
      }
      do throws(StrategyError) {
        let lower = try host.cholesky(shifted)
        diagonal = (0..<n).map { lower[n - 1 - $0, n - 1 - $0] }
        reversed = lower
        self.order = order
        self.unit = unit
        self.damping = damping
        deadCount = power.count { $0 == 0 }
        return
      } catch {
        guard error.code == .numerical else { throw error }
      }
    }
    throw StrategyError(
      .numerical, "the Gram matrix of the inputs is not finite, or far from positive semidefinite")
  }

  /// `D_k`.
  func weight(_ k: Int) -> Double { diagonal[k] * diagonal[k] }

  /// `R_SS^-1` of the columns `span`.
  func inverse<Host: HostAccess & ~Copyable>(
    of span: Range<Int>, _ host: borrowing Host
  ) throws(StrategyError) -> HostMatrix<Double> {
    let upper = try shares(span, span, as: Double.self, host)
    let lower = try host.newMatrix(Double.self, rows: span.count, columns: span.count)
    let result = try host.newMatrix(Double.self, rows: span.count, columns: span.count)
    for i in 0..<span.count {
      for j in 0..<i { lower[i, j] = upper[j, i] }
      (lower[i, i], result[i, i]) = (1, 1)
    }
    try host.solveLower(lower, transpose: true, result)
    return result
  }

  /// `R_jk` for j in `rows` and k in `columns`, 0 where `j >= k`; `[rows, columns]`.
  func shares<Real: HostReal, Host: HostAccess & ~Copyable>(
    _ rows: Range<Int>, _ columns: Range<Int>, as real: Real.Type, _ host: borrowing Host
  ) throws(StrategyError) -> HostMatrix<Real> {
    let result = try host.newMatrix(Real.self, rows: rows.count, columns: columns.count)
    let last = count - 1
    let factors = columns.map { 1 / diagonal[$0] }
    try host.forEach((rows.count + 63) / 64) { (piece) throws(StrategyError) in
      for place in 64 * piece..<min(rows.count, 64 * (piece + 1)) {
        let j = rows.lowerBound + place
        reversed.withRow(last - j) { source in
          result.withMutableRow(place) { target in
            for k in max(columns.lowerBound, j + 1)..<max(columns.upperBound, j + 1) {
              target[k - columns.lowerBound] = Real(source[last - k] * factors[k - columns.lowerBound])
            }
          }
        }
      }
    }
    return result
  }
}
