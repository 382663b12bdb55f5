import Tensors
import Testing

@Suite struct TensorTests {
  @Test("bfloat16 rounds to nearest, ties to even, and keeps NaN")
  func bfloat16() {
    #expect(BFloat16.bits(1) == 0x3f80)
    #expect(BFloat16.bits(Float(bitPattern: 0x3f80_8000)) == 0x3f80)
    #expect(BFloat16.bits(Float(bitPattern: 0x3f81_8000)) == 0x3f82)
    #expect(BFloat16.bits(.greatestFiniteMagnitude) == 0x7f80)
    #expect(BFloat16.float(BFloat16.bits(.nan)).isNaN)
  }

  @Test("every 16-bit pattern survives conversion to f32 and back", arguments: [ElementType.bf16, .f16])
  func roundTrip(type: ElementType) throws {
    let patterns = (0..<UInt32(65536)).map { UInt16($0) }
    let tensor = Tensor(type, [65536]) { bytes in
      for (i, pattern) in patterns.enumerated() {
        bytes.storeBytes(of: pattern, toByteOffset: 2 * i, as: UInt16.self)
      }
    }
    let values = try tensor.floats()
    let back = try tensor.converted(to: .f32).converted(to: type)
    back.withElements(as: UInt16.self) { elements in
      for i in 0..<65536 where !values[i].isNaN { #expect(elements[i] == patterns[i]) }
    }
  }

  @Test("a tensor kept in a scratch file reads back the same")
  func scratch() throws {
    let file = try ScratchFile(directory: "/tmp")
    let first = try file.keep(Tensor([3], [1, 2, 3]))
    let second = try file.keep(Tensor([2, 2], [4, 5, 6, 7]))
    #expect(try first.floats() == [1, 2, 3])
    #expect(try second.floats() == [4, 5, 6, 7])
  }

  @Test("integers are refused as real numbers")
  func refusal() {
    let codes = Tensor(.u8, [4]) { _ in }
    #expect(throws: TensorError.notReal(.u8)) { try codes.floats() }
  }
}
