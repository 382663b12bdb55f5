import LowRank
import PluginKit

extension HostAccess where Self: ~Copyable {
  /// The factors R, L of rank k with the least `||(E - L R) X||_F`: the projection of E on the leading k left singular
  /// directions of `E X`, `L = U_k`, `R = U_k^T E`, with the singular values halved between them.
  ///
  /// - error: `E = W - Q` `[m, n]`.
  /// - gram: `X X^T` `[n, n]`.
  func correction(
    of error: borrowing HostMatrix<Double>, _ gram: consuming HostMatrix<Double>, rank: Int
  ) throws(StrategyError) -> [Factor] {
    let single = try converted(error, to: Float.self)
    let input = try WhitenedInput(gram, ridge: 1e-8, needsFactor: single.rows > single.columns, self)
    let basis = try input.basis(of: single, rank: rank, self)
    let pair = try FactorPair(projecting: single, on: basis.vectors, rank: rank, self)
    basis.spectrum.balance(pair.a, pair.b)
    return pair.takeForm().terms[0]
  }
}
