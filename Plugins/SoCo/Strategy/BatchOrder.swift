/// Which windows each step trains on: every window once per pass over the text, in an order that follows from the
/// seed and the number of the pass. Without a state of its own, so a run can go on anywhere.
struct BatchOrder: Sendable {
  let count: Int
  let size: Int
  let seed: UInt64

  /// `size` windows of `count`; all of them where there are fewer.
  init(count: Int, size: Int, seed: UInt64) {
    self.count = max(count, 1)
    self.size = min(max(size, 1), max(count, 1))
    self.seed = seed
  }

  /// Windows of step `step`, ascending, so that equal sets give equal sums.
  func windows(step: Int) -> [Int] {
    let first = step * size
    var windows: [Int] = []
    var pass = first / count
    var order = permutation(pass: pass)
    for place in first..<first + size {
      if place / count != pass {
        pass = place / count
        order = permutation(pass: pass)
      }
      windows.append(order[place % count])
    }
    return windows.sorted()
  }

  /// `number` different windows for estimates, from a stream apart from that of the steps.
  func sample(_ number: Int, draw: Int) -> [Int] {
    Array(permutation(pass: -1 - draw).prefix(max(1, number))).sorted()
  }

  private func permutation(pass: Int) -> [Int] {
    var state = Self.mixed(seed ^ Self.mixed(UInt64(bitPattern: Int64(pass))))
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      state = state &+ 0x9e37_79b9_7f4a_7c15
      // The bias of the remainder is below count / 2^64.
      order.swapAt(last, Int(Self.mixed(state) % UInt64(last + 1)))
    }
    return order
  }

  /// The finaliser of SplitMix64.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
