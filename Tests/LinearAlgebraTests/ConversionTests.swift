import CKernels
import LinearAlgebra
import Tensors
import Testing

@Suite struct ConversionTests {
  private let patterns = (0...UInt16.max).map { $0 }

  private func same(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN) }

  @Test("every bfloat16 pattern widens to the Float with these upper bits")
  func bfloat16() {
    var (singles, doubles) = ([Float](repeating: 0, count: 65536), [Double](repeating: 0, count: 65536))
    convert_bf16_to_f32(patterns, &singles, 65536)
    convert_bf16_to_f64(patterns, &doubles, 65536)
    for i in 0..<65536 {
      let exact = BFloat16.float(patterns[i])
      #expect(singles[i].bitPattern == exact.bitPattern)
      #expect(doubles[i] == Double(exact) || exact.isNaN && doubles[i].isNaN)
    }
  }

  @Test("every half pattern widens as Float16 does")
  func float16() {
    var (singles, doubles) = ([Float](repeating: 0, count: 65536), [Double](repeating: 0, count: 65536))
    convert_f16_to_f32(patterns, &singles, 65536)
    convert_f16_to_f64(patterns, &doubles, 65536)
    for i in 0..<65536 {
      let exact = Float(Float16(bitPattern: patterns[i]))
      #expect(same(singles[i], exact))
      #expect(doubles[i] == Double(exact) || exact.isNaN && doubles[i].isNaN)
    }
  }

  @Test("narrowing rounds to nearest even: each pattern, the midpoints, and their neighbours")
  func narrowing() {
    var values: [Float] = []
    for pattern in patterns {
      for tail: UInt32 in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
        values.append(Float(bitPattern: UInt32(pattern) << 16 | tail))
      }
      let half = Float(Float16(bitPattern: pattern))
      let next = Float(Float16(bitPattern: pattern &+ 1))
      values += [half, (half + next) / 2, ((half + next) / 2).nextUp, ((half + next) / 2).nextDown]
    }
    var (brain, half) = (
      [UInt16](repeating: 0, count: values.count), [UInt16](repeating: 0, count: values.count)
    )
    convert_f32_to_bf16(values, &brain, values.count)
    convert_f32_to_f16(values, &half, values.count)
    var wrong = 0
    for (i, value) in values.enumerated() {
      if brain[i] != BFloat16.bits(value) { wrong += 1 }
      let found = Float16(bitPattern: half[i])
      if found.bitPattern != Float16(value).bitPattern, !(value.isNaN && found.isNaN) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test("a tensor at an odd byte of a file converts like an aligned one")
  func unaligned() throws {
    let random = CounterRandom(seed: 6)
    for type in [ElementType.bf16, .f16, .f32, .f64] {
      let bytes = 40 * type.byteCount
      let storage = Storage(byteCount: bytes + 1, zeroed: true)
      // Exponents in the middle, so that every pattern is finite.
      for i in 0..<bytes {
        let byte = UInt8(random.words(at: UInt64(i)).0 & 0x3f)
        storage.base.storeBytes(of: byte, toByteOffset: i + 1, as: UInt8.self)
      }
      let odd = Tensor(type, [5, 8], storage: storage, byteOffset: 1)
      let even = Tensor(type, [5, 8]) { target in odd.withBytes { target.copyMemory(from: $0) } }
      #expect(try Matrix<Float>(odd) == Matrix<Float>(even))
      #expect(try Matrix<Double>(odd) == Matrix<Double>(even))
      #expect(try Matrix<Float>(odd).elements == odd.floats())
    }
  }

  @Test("numbers that are not finite are counted, and squares are summed in f64")
  func counts() {
    var (singles, doubles) = ([Float](repeating: 1e-30, count: 70_001), [Double](repeating: 1, count: 77))
    #expect(count_nonfinite_f32(singles, singles.count) == 0)
    singles[0] = .nan
    singles[65_536] = .infinity
    singles[70_000] = -.infinity
    doubles[76] = .nan
    #expect(count_nonfinite_f32(singles, singles.count) == 3)
    #expect(count_nonfinite_f64(doubles, doubles.count) == 1)
    // 1e-60 is no Float, and 1 + 2^-40 needs more than 24 bits.
    #expect(abs(sum_of_squares_f32([1e-30], 1) - 1e-60) <= 1e-67)
    #expect(sum_of_squares_f32([1, 0x1p-20], 2) == 1 + 0x1p-40)
    #expect(sum_of_squares_f64([], 0) == 0)
    #expect(sum_of_squares_f64([Double](repeating: 3, count: 35), 35) == 315)
  }
}
