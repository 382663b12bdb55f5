import Glibc

/// How much of each linear of a group goes, from how much it loses.
///
/// Source: arXiv 2503.12340, section 3.1, algorithm 1 (with the misprint in its last line corrected:
/// `R_i = N R w_i / sum_j w_j`, inside the loop over the group).
enum RemovedShares {
  /// `1 / log(loss)`, made safe.
  ///
  /// The paper's rule has no value at `loss = 1` and turns its sign below. Here it is `1 / log(loss + 1.5)`: for
  /// the losses of real models, sums over all calibration tokens far above 1, the same number; below 1 it rises
  /// to 2.47 at a loss of 0 and stays positive.
  static func weight(loss: Double) -> Double { 1 / log(max(loss, 0) + 1.5) }

  /// `R_i = N R w_i / sum w`, none above `clamp`: what is cut off goes to the others in proportion to their weights,
  /// until nothing is cut off. The mean stays `R`; where `R` itself is above `clamp`, all are `R`.
  static func shares(weights: [Double], mean: Double, clamp: Double) -> [Double] {
    guard mean < clamp else { return weights.map { _ in mean } }
    var isClamped = weights.map { _ in false }
    while true {
      var (free, open) = (Double(weights.count) * mean, 0.0)
      for (weight, clamped) in zip(weights, isClamped) {
        if clamped { free -= clamp } else { open += weight }
      }
      let scale = open > 0 ? max(free, 0) / open : 0
      let shares = zip(weights, isClamped).map { $1 ? clamp : scale * $0 }
      let over = shares.indices.filter { !isClamped[$0] && shares[$0] > clamp }
      if over.isEmpty { return shares }
      for index in over { isClamped[index] = true }
    }
  }
}
