import Glibc

/// The 16 levels of NF4 (arXiv 2305.14314, section 3 and appendix E): quantiles of the normal distribution, scaled to
/// [-1, 1], with an exact zero.
///
/// With `t = 1 - (1/32 + 1/30) / 2`, the mean of the two probabilities at which a code of 16 and one of 15 levels
/// would end, there are eight positive levels `Phi^-1` at `t` down to 1/2 in eight equal steps and seven negative ones
/// in seven; all are divided by the largest.
enum NormalLevels {
  static let sixteen: [Float] = {
    let end = 1 - (1.0 / 32 + 1.0 / 30) / 2
    let largest = quantile(end)
    func side(_ count: Int) -> [Double] {
      (0..<count).map { quantile(end + (0.5 - end) * Double($0) / Double(count)) / largest }
    }
    return (side(7).map { -$0 } + [0] + side(8).reversed()).map { Float($0) }
  }()

  /// `Phi^-1(p)` for 0 < p < 1, to the last digits: Newton's method on `Phi(x) - p`, from 0.
  static func quantile(_ p: Double) -> Double {
    var x = 0.0
    for _ in 0..<60 {
      let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      let step = (erfc(-x / 2.0.squareRoot()) / 2 - p) / density
      // From 0 the first steps of an outer quantile fall short and none overshoots.
      x -= step
      if abs(step) < 1e-15 { break }
    }
    return x
  }
}
