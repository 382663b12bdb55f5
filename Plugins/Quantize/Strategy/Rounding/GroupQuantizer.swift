import PluginKit

/// Rounds the numbers of one group to codes: `w = scale * (code - zero)`, codes in `0 ..< 2^bits`.
///
/// - Asymmetric: `scale = (max(hi, 0) - min(lo, 0)) / (2^b - 1)`, `zero = clamp(round(-min(lo, 0) / scale))`.
/// - Symmetric: `scale = max|w| / ((2^b - 1) / 2)`, `zero = 2^(b-1)`.
/// - `code = clamp(round(w / scale) + zero)`, ties to even.
///
/// The scale is first rounded to the type it is stored in, and upwards: the codes then reach both ends of the
/// group, so no element is off by more than half a scale. Rounding it to nearest would cut the ends off at 8 bits
/// in bfloat16. A group of zeros gets the scale 1; a scale below the smallest normal number becomes that number.
public struct GroupQuantizer: Sendable, Hashable {
  /// 2 to 8.
  public let bits: Int
  public let isSymmetric: Bool
  /// What the scale is stored in.
  public let scaleType: ElementType

  public init(bits: Int, isSymmetric: Bool, scaleType: ElementType) {
    self.bits = bits
    self.isSymmetric = isSymmetric
    self.scaleType = scaleType
  }

  /// The largest code.
  public var maximumCode: Int { (1 << bits) - 1 }

  /// Scale and zero code of a group whose finite elements lie in `low...high`.
  public func grid(low: Float, high: Float) -> (scale: Float, zero: UInt8) {
    let low = Double(min(low, 0))
    let high = Double(max(high, 0))
    let middle = UInt8(1 << (bits - 1))
    guard low < 0 || high > 0 else { return (1, isSymmetric ? middle : 0) }
    let steps = Double(maximumCode)
    let ideal = isSymmetric ? max(high, -low) / (steps / 2) : (high - low) / steps
    let scale = min(
      max(scaleType.roundedUp(ideal), scaleType.leastNormalMagnitude), scaleType.greatestFiniteMagnitude)
    guard !isSymmetric else { return (scale, middle) }
    let zero = (-low / Double(scale)).rounded(.toNearestOrEven)
    return (scale, UInt8(min(max(zero, 0), steps)))
  }

  /// Scale and zero code of `count` elements, `stride` apart; nil where one is not finite.
  func grid(
    _ elements: UnsafePointer<Float>, count: Int, stride: Int, search: ScaleSearch
  ) -> (scale: Float, zero: UInt8)? {
    var (low, high, sum) = (Float.infinity, -Float.infinity, Float(0))
    for i in 0..<count {
      let element = elements[i * stride]
      low = min(low, element)
      high = max(high, element)
      sum += element * 0
    }
    // 0 * x is not 0 for an infinity or a NaN, which comparisons alone could miss.
    guard sum == 0 else { return nil }
    let whole = grid(low: low, high: high)
    return search == .none ? whole : clipped(elements, count, stride, low, high, whole)
  }

  /// The grid of the range times 1, 79/80, ..., 1/4 with the least sum of `(w - w')^2`; the widest of equals.
  private func clipped(
    _ elements: UnsafePointer<Float>, _ count: Int, _ stride: Int, _ low: Float, _ high: Float,
    _ whole: (scale: Float, zero: UInt8)
  ) -> (scale: Float, zero: UInt8) {
    var (best, least) = (whole, Double.infinity)
    for step in 0...60 {
      let share = 1 - Float(step) / 80
      let candidate = step == 0 ? whole : grid(low: low * share, high: high * share)
      let (scale, zero) = (Double(candidate.scale), Double(candidate.zero))
      var error = 0.0
      for i in 0..<count {
        let element = elements[i * stride]
        let difference = Double(element) - scale * (code(element, scale: scale, zero: zero) - zero)
        error += difference * difference
      }
      if error < least { (best, least) = (candidate, error) }
    }
    return best
  }

  /// The code of a finite `value`.
  @inline(__always)
  func code(_ value: Float, scale: Double, zero: Double) -> Double {
    // Adding and subtracting 1.5 * 2^52 rounds to an integer, ties to even, without a call.
    let shift = 6_755_399_441_055_744.0
    let limit = 1024.0
    let quotient = min(max(Double(value) / scale, -limit), limit)
    return min(max(((quotient + shift) - shift) + zero, 0), Double(maximumCode))
  }
}
