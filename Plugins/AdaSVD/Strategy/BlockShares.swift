/// How much of each block stays, from how much it changes the residual stream.
///
/// Source: arXiv 2502.01403, section 3.3, with what the paper leaves open settled: `I_i` is `mean(1 - cos)` of the
/// block's input and output, and a share above 1 is cut to 1, what is cut off going to the other blocks.
enum BlockShares {
  /// `keep_i = minimum + s I_i`, at most 1, with the slope `s` for which the mean of `keep_i` is `mean`.
  ///
  /// Without a cut and for blocks of equal weight `s = mean - minimum`, the paper's formula. An importance counts as
  /// at least a thousandth of the mean, so the slope always exists. All shares are `mean` where `minimum` is not
  /// below it, where all importances are zero, or where one is not finite.
  ///
  /// - Parameter weights: bytes of each block, not negative; the weights of the mean.
  static func shares(importance: [Double], weights: [Double], mean: Double, minimum: Double) -> [Double] {
    let even = importance.map { _ in mean }
    guard minimum < mean, mean < 1, importance.allSatisfy({ $0.isFinite }) else { return even }
    let total = weights.reduce(0, +)
    let mass = zip(importance, weights).reduce(0) { $0 + max($1.0, 0) * $1.1 }
    guard total > 0, mass > 0, mass.isFinite else { return even }
    let relative = importance.map { max($0 * total / mass, 1e-3) }
    var isFull = importance.map { _ in false }
    while true {
      var (free, open) = (total * mean, 0.0)
      for (index, weight) in weights.enumerated() {
        free -= weight * (isFull[index] ? 1 : minimum)
        if !isFull[index] { open += weight * relative[index] }
      }
      let slope = open > 0 ? max(free, 0) / open : 0
      let shares = relative.indices.map { isFull[$0] ? 1 : minimum + slope * relative[$0] }
      let over = shares.indices.filter { !isFull[$0] && shares[$0] > 1 }
      if over.isEmpty { return shares }
      for index in over { isFull[index] = true }
    }
  }
}
