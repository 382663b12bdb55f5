/// First and second moments of one vector of parameters, and the step of Adam (arXiv 1412.6980, algorithm 1, without
/// weight decay).
struct Adam: Sendable, Equatable {
  static let beta1 = 0.9
  /// Shorter than the usual 0.999: a run has hundreds of steps, not thousands.
  static let beta2 = 0.99
  static let epsilon = 1e-12

  private(set) var first: [Double]
  private(set) var second: [Double]
  private(set) var steps = 0

  init(count: Int) {
    first = Array(repeating: 0, count: count)
    second = first
  }

  /// As it was journalled; nil where the lengths differ.
  init?(first: [Double], second: [Double], steps: Int) {
    guard first.count == second.count, steps >= 0 else { return nil }
    self.first = first
    self.second = second
    self.steps = steps
  }

  var count: Int { first.count }

  /// Moves `values` against `gradient` (both of this length) by `rate` times the normalised first moment.
  mutating func step(_ values: inout [Double], against gradient: [Double], rate: Double) {
    precondition(values.count == count && gradient.count == count, "another number of parameters")
    steps += 1
    var (unbias1, unbias2) = (1.0, 1.0)
    for _ in 0..<min(steps, 10_000) {
      unbias1 *= Self.beta1
      unbias2 *= Self.beta2
    }
    let (scale1, scale2) = (1 / (1 - unbias1), 1 / (1 - unbias2))
    for i in values.indices {
      let g = gradient[i]
      first[i] = Self.beta1 * first[i] + (1 - Self.beta1) * g
      second[i] = Self.beta2 * second[i] + (1 - Self.beta2) * g * g
      values[i] -= rate * first[i] * scale1 / ((second[i] * scale2).squareRoot() + Self.epsilon)
    }
  }
}
