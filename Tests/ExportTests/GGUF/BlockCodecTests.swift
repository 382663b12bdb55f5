import Tensors
import TestSupport
import Testing

@testable import Export

private let blockTypes = GGUFType.allCases.filter { $0.codec != nil }

/// Random values with the spread of trained weights, some blocks far from zero.
private func values(_ count: Int, seed: UInt64, shift: Float = 0) -> [Float] {
  let random = CounterRandom(seed: seed)
  return (0..<count).map { 0.02 * random.normal(at: UInt64($0)) + shift }
}

extension GGUFType {
  func encoded(_ values: [Float]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: rowByteCount(values.count))
    bytes.withUnsafeMutableBytes { bytes in
      values.withUnsafeBufferPointer { values in
        guard let from = values.baseAddress, let to = bytes.baseAddress else { return }
        encodeRow(from, count: values.count, to: to)
      }
    }
    return bytes
  }

  func decoded(_ bytes: [UInt8]) -> [Float] {
    var values = [Float](repeating: .nan, count: bytes.count / blockByteCount * blockLength)
    let count = values.count
    bytes.withUnsafeBytes { bytes in
      values.withUnsafeMutableBufferPointer { values in
        guard let from = bytes.baseAddress, let to = values.baseAddress else { return }
        decodeRow(from, count: count, to: to)
      }
    }
    return values
  }
}

private func squaredError(_ x: [Float], _ y: [Float]) -> Double {
  zip(x, y).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
}

@Suite struct BlockCodecTests {
  @Test("a block decodes to what its layout says, bit for bit", arguments: blockTypes)
  func layout(type: GGUFType) {
    let random = CounterRandom(seed: 3)
    for block in 0..<20 {
      var bytes = (0..<type.blockByteCount).map {
        UInt8(truncatingIfNeeded: random.bits(at: UInt64(block * 1000 + $0)))
      }
      // Scales that are finite.
      let halves = type == .q6K ? [208] : [.q5Offset, .q4K, .q5K].contains(type) ? [0, 2] : [0]
      for offset in halves { bytes[offset + 1] &= 0xBB }
      let expected = NaiveBlocks.values(type, bytes)
      #expect(type.decoded(bytes).map(\.bitPattern) == expected.map(\.bitPattern))
    }
  }

  @Test("rows have the sizes of the format")
  func sizes() {
    let bits: [GGUFType: Double] = [
      .f32: 32, .f16: 16, .bf16: 16, .q8: 8.5, .q4: 4.5, .q5: 5.5, .q5Offset: 6, .q4K: 4.5, .q5K: 5.5,
      .q6K: 6.5625,
    ]
    for type in GGUFType.allCases { #expect(Double(type.rowByteCount(512)) * 8 == 512 * (bits[type] ?? 0)) }
  }

  @Test(
    "no value is further from its block's grid than half a step of the widest grid", arguments: blockTypes)
  func bounds(type: GGUFType) {
    // A code for every range / (2^bits - 1); searches may trade single values for the sum, up to two steps.
    let steps: [GGUFType: Float] = [.q8: 254, .q4: 14, .q5: 30, .q5Offset: 31, .q4K: 15, .q5K: 31, .q6K: 62]
    for seed in UInt64(0)..<8 {
      let x = values(512, seed: seed, shift: seed % 2 == 0 ? 0 : 0.05)
      let y = type.decoded(type.encoded(x))
      let step = 2 * (x.map(\.magnitude).max() ?? 0) / (steps[type] ?? 1)
      for (a, b) in zip(x, y) { #expect((a - b).magnitude <= 2 * step) }
      let noise = (squaredError(x, y) / Double(x.count)).squareRoot()
      #expect(noise <= Double(step) * 0.35, "rms \(noise) of a step \(step)")
    }
  }

  @Test("searched scales lose less than the plain rule d = max / -2^(bits-1)", arguments: [GGUFType.q4, .q5])
  func search(type: GGUFType) {
    let low: Float = type == .q4 ? -8 : -16
    var (ours, plain) = (0.0, 0.0)
    for seed in UInt64(0)..<50 {
      let x = values(32, seed: 100 + seed)
      ours += squaredError(x, type.decoded(type.encoded(x)))
      let extreme = x.max { $0.magnitude < $1.magnitude } ?? 1
      let scale = Float(Float16(extreme / low))
      plain += squaredError(x, x.map { scale * min(-low - 1, max(low, ($0 / (extreme / low)).rounded())) })
    }
    #expect(ours < 0.93 * plain)
  }

  @Test("more bits lose less: Q4_K, Q5_K, Q6_K, Q8_0 in this order, and Q4_K less than Q4_0")
  func order() {
    let x = values(4096, seed: 5)
    let errors = [GGUFType.q4, .q4K, .q5K, .q6K, .q8].map { squaredError(x, $0.decoded($0.encoded(x))) }
    for (more, less) in zip(errors, errors.dropFirst()) { #expect(less < more) }
  }

  @Test("values on the grid of a 16-bit scale come back as they are", arguments: [GGUFType.q4, .q5, .q8])
  func exact(type: GGUFType) {
    guard let range = type.symmetricCodec?.codes else { return }
    let random = CounterRandom(seed: 8)
    for block in 0..<40 {
      let scale = Float(Float16(0.001 + 0.01 * random.uniform(at: UInt64(1000 + block))))
      // Q8_0 divides by its largest value, which must then be the last code.
      let low = type == .q8 ? -127 : range.lowerBound
      var codes = (0..<32).map { low + Int(random.bits(at: UInt64(block * 32 + $0)) % UInt64(-2 * low)) }
      codes[block % 32] = type == .q8 ? 127 : codes[block % 32]
      let x = codes.map { scale * Float($0) }
      #expect(type.decoded(type.encoded(x)) == x)
    }
  }

  @Test("zeros and constants stay what they are", arguments: blockTypes)
  func constants(type: GGUFType) {
    let zeros = [Float](repeating: 0, count: 512)
    #expect(type.decoded(type.encoded(zeros)) == zeros)
    for constant in [Float(0.5), -0.5] {
      let y = type.decoded(type.encoded([Float](repeating: constant, count: 256)))
      for value in y { #expect((value - constant).magnitude < 0.004) }
    }
  }

  @Test("tiny, huge and lonely values give finite blocks", arguments: blockTypes)
  func extremes(type: GGUFType) {
    var lonely = [Float](repeating: 0, count: 256)
    lonely[200] = -3
    let rows = [
      [Float](repeating: 0x1p-139, count: 256), lonely, values(256, seed: 1).map { $0 * 1e6 },
      values(256, seed: 2).map { $0 * 1e-9 },
    ]
    for x in rows {
      let y = type.decoded(type.encoded(x))
      let largest = x.map(\.magnitude).max() ?? 0
      for (a, b) in zip(x, y) { #expect((a - b).magnitude <= 0.3 * largest + 1e-6) }
    }
  }

  @Test("a row that is no whole number of blocks falls back to the next type that fits")
  func fallback() {
    #expect(GGUFType.q4K.fitting(columns: 512) == .q4K)
    #expect(GGUFType.q4K.fitting(columns: 704) == .q5)
    #expect(GGUFType.q5K.fitting(columns: 704) == .q5Offset)
    #expect(GGUFType.q6K.fitting(columns: 704) == .q8)
    for type in blockTypes { #expect(type.fitting(columns: 172) == .f16) }
    for type in [GGUFType.f32, .f16, .bf16] { #expect(type.fitting(columns: 7) == type) }
  }
}
