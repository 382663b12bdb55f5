import CKernels
import Tensors
import Testing

@Suite struct ConversionKernelTests {
  /// Every exponent, both signs, ties, and values around every border of f16 and bf16.
  static let singles: [Float] = {
    let random = CounterRandom(seed: 5)
    let patterns = (0..<20000).map { random.words(at: $0).0 }
    let halves = (0..<UInt32(65536)).flatMap { high in
      [high << 16 | 0x7fff, high << 16 | 0x8000, high << 16 | 0x8001]
    }
    return (patterns + halves).map(Float.init(bitPattern:))
  }()

  @Test("narrowing rounds as the scalar conversions do, NaN stays NaN")
  func narrowing() {
    let count = Self.singles.count
    var upper = [UInt16](repeating: 0, count: count)
    var half = upper
    convert_f32_to_bf16(Self.singles, &upper, count)
    convert_f32_to_f16(Self.singles, &half, count)
    var wrong = 0
    for (i, value) in Self.singles.enumerated() {
      if upper[i] != BFloat16.bits(value) { wrong += 1 }
      let expected = Float16(value)
      if expected.isNaN ? !Float16(bitPattern: half[i]).isNaN : half[i] != expected.bitPattern { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test("widening is exact for every 16-bit pattern")
  func widening() {
    let patterns = (0..<UInt32(65536)).map { UInt16($0) }
    var upper = [Float](repeating: 0, count: 65536)
    var half = upper
    var upperWide = [Double](repeating: 0, count: 65536)
    var halfWide = upperWide
    convert_bf16_to_f32(patterns, &upper, 65536)
    convert_f16_to_f32(patterns, &half, 65536)
    convert_bf16_to_f64(patterns, &upperWide, 65536)
    convert_f16_to_f64(patterns, &halfWide, 65536)
    var wrong = 0
    for i in 0..<65536 {
      let (a, b) = (BFloat16.float(patterns[i]), Float(Float16(bitPattern: patterns[i])))
      if a.isNaN ? !(upper[i].isNaN && upperWide[i].isNaN) : upper[i] != a || upperWide[i] != Double(a) {
        wrong += 1
      }
      if b.isNaN ? !(half[i].isNaN && halfWide[i].isNaN) : half[i] != b || halfWide[i] != Double(b) {
        wrong += 1
      }
    }
    #expect(wrong == 0)
  }

  @Test("f64 and f32 convert both ways", arguments: [0, 1, 15, 16, 17, 1000])
  func doubles(count: Int) {
    let values = Array(Self.singles.filter { !$0.isNaN }.prefix(count))
    var wide = [Double](repeating: 0, count: count)
    var back = [Float](repeating: 0, count: count)
    convert_f32_to_f64(values, &wide, count)
    convert_f64_to_f32(wide, &back, count)
    #expect(wide == values.map(Double.init) && back == values)
  }

  @Test("every non-finite element is counted", arguments: [0, 1, 31, 70000])
  func counting(length: Int) {
    var values = [Float](repeating: .greatestFiniteMagnitude, count: length)
    #expect(count_nonfinite_f32(values, length) == 0)
    for i in stride(from: 0, to: length, by: 3) { values[i] = [.nan, .infinity, -.infinity][i / 3 % 3] }
    #expect(count_nonfinite_f32(values, length) == (length + 2) / 3)
    #expect(count_nonfinite_f64(values.map(Double.init), length) == (length + 2) / 3)
  }
}
