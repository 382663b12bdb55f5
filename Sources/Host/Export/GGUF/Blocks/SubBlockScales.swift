/// The 6-bit scales `s` and minima `m` of the 8 sub-blocks of Q4_K and Q5_K in 12 bytes.
///
/// Byte j, j < 4: the lower 6 bits are `s[j]`, the upper 2 the upper bits of `s[j + 4]`; byte j + 4 likewise
/// for `m`; byte j + 8: the lower 4 bits of `s[j + 4]`, then those of `m[j + 4]`.
struct SubBlockScales {
  /// 0...63 each.
  var scales = [UInt8](repeating: 0, count: 8)
  var minima = [UInt8](repeating: 0, count: 8)

  init() {}

  init(_ bytes: UnsafeRawPointer) {
    for j in 0..<4 {
      let first = bytes.loadUnaligned(fromByteOffset: j, as: UInt8.self)
      let second = bytes.loadUnaligned(fromByteOffset: j + 4, as: UInt8.self)
      let rest = bytes.loadUnaligned(fromByteOffset: j + 8, as: UInt8.self)
      scales[j] = first & 63
      minima[j] = second & 63
      scales[j + 4] = rest & 15 | (first >> 6) << 4
      minima[j + 4] = rest >> 4 | (second >> 6) << 4
    }
  }

  func store(to bytes: UnsafeMutableRawPointer) {
    for j in 0..<4 {
      bytes.storeBytes(of: scales[j] & 63 | (scales[j + 4] >> 4) << 6, toByteOffset: j, as: UInt8.self)
      bytes.storeBytes(of: minima[j] & 63 | (minima[j + 4] >> 4) << 6, toByteOffset: j + 4, as: UInt8.self)
      let rest = scales[j + 4] & 15 | (minima[j + 4] & 15) << 4
      bytes.storeBytes(of: rest, toByteOffset: j + 8, as: UInt8.self)
    }
  }
}
