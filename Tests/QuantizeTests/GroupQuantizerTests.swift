import FakeHost
import PluginKit
import QuantizeStrategy
import Testing

@Suite struct GroupQuantizerTests {
  static let types: [ElementType] = [.float32, .bfloat16, .float16]

  @Test("a scale is a number of the type it is stored in, finite and positive, whatever the group")
  func aScaleIsStorable() {
    let extremes: [(Float, Float)] = [
      (0, 0), (-0x1p-149, 0x1p-149), (0, 0x1p-133), (-0x1p-128, 0), (-65000, 65000), (0.1, 0.3), (-0.7, -0.2),
      (1, 1),
    ]
    for type in Self.types {
      for bits in 2...8 {
        for symmetric in [false, true] {
          let quantizer = GroupQuantizer(bits: bits, isSymmetric: symmetric, scaleType: type)
          for (low, high) in extremes {
            let grid = quantizer.grid(low: low, high: high)
            #expect(grid.scale.isFinite && grid.scale >= type.leastNormalMagnitude)
            #expect(type.rounded(grid.scale) == grid.scale)
            #expect(Int(grid.zero) <= quantizer.maximumCode)
            if symmetric { #expect(grid.zero == 1 << (bits - 1)) }
          }
        }
      }
    }
  }

  @Test("a group of zeros has the scale 1 and comes back as zeros")
  func zerosStayZeros() {
    for symmetric in [false, true] {
      let quantizer = GroupQuantizer(bits: 4, isSymmetric: symmetric, scaleType: .bfloat16)
      #expect(quantizer.grid(low: 0, high: 0).scale == 1)
    }
  }

  @Test("rounding up gives the smallest storable number that is not below")
  func roundingUp() {
    for type in Self.types {
      for value in [1.0, 1.0001, 0.1, 3.14159, 1e-3, 1234.5, 0.007] {
        let up = type.roundedUp(value)
        #expect(Double(up) >= value && type.rounded(up) == up)
        #expect(Double(type.rounded(up * (1 - 0x1p-13))) <= Double(up))
        #expect(Double(up) - value <= value * (type == .bfloat16 ? 0x1p-7 : 0x1p-10))
      }
    }
  }
}
