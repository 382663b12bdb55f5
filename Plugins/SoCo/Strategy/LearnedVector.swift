/// A vector of numbers that training moves: the scales of one linear's components, or its bias.
struct LearnedVector: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case spectrum(SpectrumMap)
    case bias
  }

  let kind: Kind
  var theta: [Double]
  /// Which components are in the model. The others have the scale 0 and do not move.
  var isActive: [Bool]
  /// Whether what is active goes into a factor pair, and not into the linear as it was.
  var isFactored = false
  var moments: Adam

  /// `count` components at scale 1.
  init(spectrum count: Int, map: SpectrumMap) {
    kind = .spectrum(map)
    theta = Array(repeating: map.theta(of: 1), count: count)
    isActive = Array(repeating: true, count: count)
    moments = Adam(count: count)
  }

  init(bias: [Double]) {
    kind = .bias
    theta = bias
    isActive = Array(repeating: true, count: bias.count)
    moments = Adam(count: bias.count)
  }

  var count: Int { theta.count }

  /// The number that stands in the model.
  func value(_ index: Int) -> Double {
    switch kind {
    case .bias: theta[index]
    case .spectrum(let map): isActive[index] ? map.scale(theta[index]) : 0
    }
  }

  var values: [Double] { theta.indices.map(value) }

  /// Indices of what is active.
  var active: [Int] { theta.indices.filter { isActive[$0] } }

  /// Makes these components the active ones; those that come back start at scale 1.
  mutating func choose(_ components: Set<Int>) {
    guard case .spectrum(let map) = kind else { return }
    for index in theta.indices {
      if components.contains(index), !isActive[index] { theta[index] = map.theta(of: 1) }
      isActive[index] = components.contains(index)
    }
  }

  /// One step of Adam against `gradient`, the derivative of the loss by each value. What is not active stays.
  mutating func step(against gradient: [Double], rate: Double) {
    switch kind {
    case .bias: moments.step(&theta, against: gradient, rate: rate)
    case .spectrum(let map):
      let pulled = theta.indices.map { isActive[$0] ? map.pulledBack(gradient[$0], at: theta[$0]) : 0 }
      var moved = theta
      moments.step(&moved, against: pulled, rate: rate * map.stepScale)
      for index in theta.indices where isActive[index] { theta[index] = moved[index] }
    }
  }
}
