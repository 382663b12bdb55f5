import Foundation

/// Numbers for people.
enum Decimals {
  /// `digits` places after the point.
  static func text(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

  /// A share in percent with one place.
  static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

  /// Four significant digits.
  static func short(_ value: Double) -> String { String(format: "%.4g", value) }
}
