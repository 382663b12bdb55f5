import PluginKit

/// The squared singular values of `W X` for one linear, as far as its ranks reach.
///
/// `lambda_i = unit * leading[i]`. Values beyond `leading` are known as their sum only.
package struct Spectrum: Sendable, Hashable {
  /// Descending, not negative, in units of `unit`.
  package let leading: [Double]
  /// Sum of the values beyond `leading`, in units of `unit`.
  package let remainder: Double
  /// The mean of the Gram matrix's diagonal; 0 where every input was zero.
  package let unit: Double

  init(leading: [Double], remainder: Double, unit: Double) {
    self.leading = leading
    self.remainder = remainder
    self.unit = unit
  }

  /// `ascending`: the largest eigenvalues; `trace`: the sum of all.
  package init(ascending: [Double], trace: Double, unit: Double) {
    leading = ascending.reversed().map { max($0, 0) }
    remainder = max(0, trace - leading.reversed().reduce(0, +))
    self.unit = unit
  }

  /// Sum of all values, `||W X||_F^2`.
  package var total: Double { unit * (leading.reversed().reduce(remainder, +)) }

  /// `sum over i > rank of lambda_i`, smallest first.
  package func tail(_ rank: Int) -> Double {
    unit * leading[min(rank, leading.count)...].reversed().reduce(remainder, +)
  }

  /// The truncation loss at `rank`: `||(W - W_rank) X||_F = sqrt(tail)`, arXiv 2503.12340, theorem 3.1.
  package func loss(_ rank: Int) -> Double { tail(rank).squareRoot() }

  /// Sum of `lambda_i` for `lower < i <= upper`.
  package func sum(_ lower: Int, _ upper: Int) -> Double {
    let end = min(upper, leading.count)
    return lower < end ? unit * leading[lower..<end].reversed().reduce(0, +) : 0
  }
}
