/// Values by pairs of non-negative numbers: an open-addressing table of fixed capacity.
struct PairTable: Sendable {
  private var keys: [UInt64]
  private var values: [UInt64]
  private let shift: UInt64

  private static let free = UInt64.max

  init(capacity: Int) {
    var bits: UInt64 = 4
    while 1 << Int(bits) < capacity * 2 { bits += 1 }
    keys = Array(repeating: Self.free, count: 1 << Int(bits))
    values = Array(repeating: 0, count: 1 << Int(bits))
    shift = 64 - bits
  }

  @inline(__always)
  static func key(_ left: UInt32, _ right: UInt32) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    // Fibonacci hashing: the high bits of a product with 2^64 / golden ratio.
    var slot = Int(((key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15) >> shift)
    while keys[slot] != key, keys[slot] != Self.free { slot = (slot + 1) & (keys.count - 1) }
    return slot
  }

  /// The value of a pair; nil where it has none.
  @inline(__always)
  subscript(_ key: UInt64) -> UInt64? {
    let slot = slot(of: key)
    return keys[slot] == key ? values[slot] : nil
  }

  /// Sets the value of a pair. No more pairs than the capacity may be set.
  mutating func set(_ key: UInt64, _ value: UInt64) {
    let slot = slot(of: key)
    keys[slot] = key
    values[slot] = value
  }
}
