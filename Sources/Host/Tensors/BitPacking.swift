/// Small unsigned codes packed into 32-bit words: code `i` of a run occupies bits `b*i ..< b*(i+1)` of the run's
/// bit stream, words little-endian, lowest bits first. Widths that do not divide 32 straddle words.
///
/// This is the dense rule of compressed-tensors and of GPTQ's 3-bit layout.
public enum BitPacking {
  /// Words that hold `count` codes.
  public static func wordCount(count: Int, bits: Int) -> Int { (count * bits + 31) / 32 }

  /// Packs each row of `codes` `[rows, columns]` into i32 `[rows, words]`.
  public static func packRows(
    _ codes: UnsafeBufferPointer<UInt8>, rows: Int, columns: Int, bits: Int
  ) -> Tensor {
    let words = wordCount(count: columns, bits: bits)
    return Tensor(.i32, [rows, words]) { bytes in
      let target = bytes.bindMemory(to: UInt32.self)
      for row in 0..<rows {
        for column in 0..<columns {
          insert(codes[row * columns + column], at: column, bits: bits) { target[row * words + $0] |= $1 }
        }
      }
    }
  }

  /// Packs each column of `codes` `[rows, columns]` into i32 `[words, columns]`.
  public static func packColumns(
    _ codes: UnsafeBufferPointer<UInt8>, rows: Int, columns: Int, bits: Int
  ) -> Tensor {
    let words = wordCount(count: rows, bits: bits)
    return Tensor(.i32, [words, columns]) { bytes in
      let target = bytes.bindMemory(to: UInt32.self)
      for row in 0..<rows {
        for column in 0..<columns {
          insert(codes[row * columns + column], at: row, bits: bits) { target[$0 * columns + column] |= $1 }
        }
      }
    }
  }

  /// The inverse of `packRows`.
  public static func unpackRows(_ packed: Tensor, rows: Int, columns: Int, bits: Int) -> [UInt8] {
    let words = wordCount(count: columns, bits: bits)
    return unpack(packed, rows: rows, columns: columns) { source, row, column in
      extract(at: column, bits: bits, last: words - 1) { source(row * words + $0) }
    }
  }

  /// The inverse of `packColumns`.
  public static func unpackColumns(_ packed: Tensor, rows: Int, columns: Int, bits: Int) -> [UInt8] {
    let words = wordCount(count: rows, bits: bits)
    return unpack(packed, rows: rows, columns: columns) { source, row, column in
      extract(at: row, bits: bits, last: words - 1) { source($0 * columns + column) }
    }
  }

  @inline(__always)
  private static func unpack(
    _ packed: Tensor, rows: Int, columns: Int, _ code: ((Int) -> UInt32, Int, Int) -> UInt8
  ) -> [UInt8] {
    packed.withBytes { bytes in
      let source = { (word: Int) in bytes.loadUnaligned(fromByteOffset: 4 * word, as: UInt32.self) }
      return Array(unsafeUninitializedCapacity: rows * columns) { target, count in
        for row in 0..<rows {
          for column in 0..<columns { target[row * columns + column] = code(source, row, column) }
        }
        count = rows * columns
      }
    }
  }

  @inline(__always)
  private static func insert(_ code: UInt8, at index: Int, bits: Int, _ or: (Int, UInt32) -> Void) {
    let bit = index * bits
    let shifted = UInt64(code) << UInt64(bit & 31)
    or(bit >> 5, UInt32(truncatingIfNeeded: shifted))
    if shifted >> 32 != 0 { or((bit >> 5) + 1, UInt32(shifted >> 32)) }
  }

  @inline(__always)
  private static func extract(at index: Int, bits: Int, last: Int, _ word: (Int) -> UInt32) -> UInt8 {
    let bit = index * bits
    let low = UInt64(word(bit >> 5))
    let high = (bit >> 5) < last ? UInt64(word((bit >> 5) + 1)) : 0
    return UInt8(truncatingIfNeeded: ((high << 32 | low) >> UInt64(bit & 31)) & (1 << UInt64(bits) - 1))
  }
}
