import Tensors
import TestSupport
import Testing

/// A stream of bits, written and read one bit at a time: the slow form of `BitPacking`.
private func packedBitByBit(_ codes: [UInt8], bits: Int) -> [UInt32] {
  var words = [UInt32](repeating: 0, count: BitPacking.wordCount(count: codes.count, bits: bits))
  for (index, code) in codes.enumerated() {
    for bit in 0..<bits where code >> bit & 1 == 1 {
      let place = index * bits + bit
      words[place / 32] |= 1 << UInt32(place % 32)
    }
  }
  return words
}

private func words(_ tensor: Tensor) -> [UInt32] { tensor.withElements(as: UInt32.self) { Array($0) } }

private func codes(_ count: Int, bits: Int, seed: UInt64) -> [UInt8] {
  let random = CounterRandom(seed: seed)
  return (0..<count).map { UInt8(random.words(at: UInt64($0)).0 % (1 << UInt32(bits))) }
}

@Suite struct BitPackingTests {
  @Test("codes 0 to 7 in four bits are the word 0x76543210, as in compressed-tensors")
  func fourBitConstant() {
    let packed = [UInt8](0...7).withUnsafeBufferPointer {
      BitPacking.packRows($0, rows: 1, columns: 8, bits: 4)
    }
    #expect(words(packed) == [0x7654_3210])
    #expect(packed.shape == [1, 1])
    #expect(packed.elementType == .i32)
  }

  @Test("a three-bit code may lie in two words")
  func straddling() {
    let codes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 5]
    let packed = codes.withUnsafeBufferPointer { BitPacking.packRows($0, rows: 1, columns: 12, bits: 3) }
    // Code 10 has the bits 30, 31 and 32; code 11 the bits 33 to 35.
    #expect(words(packed) == [0xc000_0000, 0b1011])
  }

  @Test(
    "packing is the stream of bits, and unpacking its inverse", arguments: 2...8,
    [1, 2, 7, 11, 31, 32, 33, 65])
  func rows(bits: Int, columns: Int) {
    let rows = 3
    let codes = codes(rows * columns, bits: bits, seed: UInt64(100 * bits + columns))
    let packed = codes.withUnsafeBufferPointer {
      BitPacking.packRows($0, rows: rows, columns: columns, bits: bits)
    }
    let expected = (0..<rows).flatMap {
      packedBitByBit(Array(codes[$0 * columns..<($0 + 1) * columns]), bits: bits)
    }
    #expect(words(packed) == expected)
    #expect(BitPacking.unpackRows(packed, rows: rows, columns: columns, bits: bits) == codes)
  }

  @Test("packing columns is packing the rows of the transposed codes", arguments: 2...8, [1, 5, 8, 33])
  func columns(bits: Int, rows: Int) {
    let columns = 3
    let codes = codes(rows * columns, bits: bits, seed: UInt64(bits + 17 * rows))
    let packed = codes.withUnsafeBufferPointer {
      BitPacking.packColumns($0, rows: rows, columns: columns, bits: bits)
    }
    let count = BitPacking.wordCount(count: rows, bits: bits)
    #expect(packed.shape == [count, columns])
    let all = words(packed)
    for column in 0..<columns {
      let own = stride(from: column, to: codes.count, by: columns).map { codes[$0] }
      #expect((0..<count).map { all[$0 * columns + column] } == packedBitByBit(own, bits: bits))
    }
    #expect(BitPacking.unpackColumns(packed, rows: rows, columns: columns, bits: bits) == codes)
  }
}
