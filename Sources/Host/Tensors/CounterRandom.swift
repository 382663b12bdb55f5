import Glibc

/// Random numbers that are a pure function of (key, counter): Philox 4x32-10.
///
/// Any element can be drawn without drawing the ones before it, so results do not depend on order or threads.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
public struct CounterRandom: Sendable {
  private let key: (UInt32, UInt32)
  private let stream: UInt64

  /// Independent streams for the same seed differ in `stream`.
  public init(seed: UInt64, stream: UInt64 = 0) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.stream = stream
  }

  /// Four independent uniform 32-bit words.
  public func words(at counter: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
    var x = (
      UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)
    )
    var k = key
    for _ in 0..<10 {
      let a = x.0.multipliedFullWidth(by: 0xD251_1F53)
      let b = x.2.multipliedFullWidth(by: 0xCD9E_8D57)
      x = (b.high ^ x.1 ^ k.0, b.low, a.high ^ x.3 ^ k.1, a.low)
      k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
    }
    return x
  }

  /// 64 uniform bits.
  public func bits(at counter: UInt64) -> UInt64 {
    let w = words(at: counter)
    return UInt64(w.1) << 32 | UInt64(w.0)
  }

  /// Uniform in [0, 1) with 24 bits.
  public func uniform(at counter: UInt64) -> Float { Float(words(at: counter).0 >> 8) * 0x1p-24 }

  /// Standard normal, by Box and Muller's transform of two words.
  public func normal(at counter: UInt64) -> Float {
    let w = words(at: counter)
    let u = (Double(w.0) + 0.5) * 0x1p-32
    let v = Double(w.1) * 0x1p-32
    return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
  }

  /// The numbers 0..<count in random order (Fisher and Yates).
  public func permutation(count: Int) -> [Int] {
    var order = Array(0..<count)
    guard count > 1 else { return order }
    for i in stride(from: count - 1, to: 0, by: -1) {
      let high = bits(at: UInt64(i)).multipliedFullWidth(by: UInt64(i + 1)).high
      order.swapAt(i, Int(high))
    }
    return order
  }
}
