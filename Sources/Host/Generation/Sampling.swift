import CKernels
import Glibc
import Tensors

/// How the next token is chosen from the logits z [V].
///
/// At temperature 0 the likeliest one, of equals the first. Else one is drawn from softmax(z / temperature), first
/// limited to the `topK` likeliest and then to the smallest set of likeliest ones that holds a share `topP` of what is
/// left (arXiv 1904.09751, section 3.1). The number drawn is a function of the seed and the step alone.
public struct Sampling: Sendable, Equatable {
  public var temperature: Double
  public var topK: Int?
  public var topP: Double?
  public var seed: UInt64

  public static let greedy = Sampling(temperature: 0)

  public init(temperature: Double, topK: Int? = nil, topP: Double? = nil, seed: UInt64 = 0) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.seed = seed
  }

  /// The token at `step`, counted from the first that is generated; logits are finite and at least one.
  public func token(from logits: [Float], step: Int) -> Int32 {
    let best = row_argmax(logits, logits.count)
    guard temperature > 0 else { return Int32(best) }
    let top = Double(logits[best])
    let weights = logits.map { exp((Double($0) - top) / temperature) }
    let candidates = candidates(weights)
    let total = candidates.reduce(0) { $0 + weights[$1] }
    let uniform = Double(CounterRandom(seed: seed).bits(at: UInt64(step)) >> 11) * 0x1p-53
    var left = uniform * total
    for index in candidates {
      left -= weights[index]
      if left < 0 { return Int32(index) }
    }
    // Rounding may leave a remainder beyond the last candidate.
    return Int32(candidates.last { weights[$0] > 0 } ?? best)
  }

  /// The tokens that may be drawn, likeliest first where a limit asks for it; of equals the first comes first.
  private func candidates(_ weights: [Double]) -> [Int] {
    guard topK != nil || topP != nil else { return Array(weights.indices) }
    var order = worthSorting(weights)
    order.sort { (weights[$1], $0) < (weights[$0], $1) }
    if let topK { order = Array(order.prefix(max(topK, 1))) }
    guard let topP else { return order }
    let wanted = topP * order.reduce(0) { $0 + weights[$1] }
    var sum = 0.0
    let count = order.firstIndex { index in
      sum += weights[index]
      return sum >= wanted
    }
    return Array(order.prefix((count ?? order.count - 1) + 1))
  }

  /// Without those that cannot matter: all tokens below a share (1 - topP) / V together hold less than 1 - topP.
  private func worthSorting(_ weights: [Double]) -> [Int] {
    guard topK == nil, let topP else { return Array(weights.indices) }
    let least = (1 - topP) / Double(weights.count) * weights.reduce(0, +)
    return weights.indices.filter { weights[$0] >= least }
  }
}
