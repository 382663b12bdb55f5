import CKernels

/// Scales and codes of 256 values in 8 sub-blocks of 32: `x = (d s_j) q - (dmin m_j)`, `s_j` and `m_j` of 6 bits.
///
/// Fitted in two steps. Each sub-block alone gets the best real scale and minimum (weighted least squares over a
/// range of trial scales); `d` and `dmin` are the f16 numbers that bring the largest of them to 63. Then each
/// sub-block takes the pair `(s_j, m_j)` of least error among the neighbours of its real pair, the codes rounded anew
/// for each.
struct AffineSuperBlock {
  static let subBlocks = 8
  static let width = 32

  /// `d` and `dmin` as stored.
  let scale: Float
  let minimum: Float
  let scales: SubBlockScales
  /// 256 codes in 0...highest.
  let codes: [Int8]

  init(_ values: UnsafePointer<Float>, highest: Int32) {
    let count = Self.subBlocks * Self.width
    let weights = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for start in stride(from: 0, to: count, by: Self.width) {
        Self.weigh(values + start, into: &buffer, at: start)
      }
      initialized = count
    }
    var fits: [(scale: Float, minimum: Float)] = []
    for start in stride(from: 0, to: count, by: Self.width) {
      var fit = (scale: Float(0), minimum: Float(0))
      weights.withUnsafeBufferPointer { weights in
        guard let weights = weights.baseAddress else { return }
        block_fit_affine(
          values + start, weights + start, Self.width, highest, &fit.scale, &fit.minimum)
      }
      fits.append(fit)
    }
    let scale = Self.unit(fits.map(\.scale))
    let minimum = Self.unit(fits.map(\.minimum))
    var scales = SubBlockScales()
    for (j, fit) in fits.enumerated() {
      let start = j * Self.width
      var least = Float.infinity
      for s in Self.neighbours(fit.scale, unit: scale) {
        for m in Self.neighbours(fit.minimum, unit: minimum) {
          let error = weights.withUnsafeBufferPointer { weights -> Float in
            guard let weights = weights.baseAddress else { return 0 }
            return block_error(
              values + start, weights + start, Self.width, scale * Float(s), minimum * Float(m), 0, highest)
          }
          guard error < least else { continue }
          least = error
          scales.scales[j] = s
          scales.minima[j] = m
        }
      }
    }
    self.scale = scale
    self.minimum = minimum
    self.scales = scales
    codes = [Int8](unsafeUninitializedCapacity: count) { buffer, initialized in
      for j in 0..<Self.subBlocks {
        let start = j * Self.width
        guard let target = buffer.baseAddress else { continue }
        block_codes(
          values + start, Self.width, scale * Float(scales.scales[j]), minimum * Float(scales.minima[j]), 0,
          highest, target + start)
      }
      initialized = count
    }
  }

  /// `w = sqrt(mean x^2) + |x|`: large values matter more, since they tend to meet large inputs.
  private static func weigh(
    _ values: UnsafePointer<Float>, into weights: inout UnsafeMutableBufferPointer<Float>, at start: Int
  ) {
    let square = (0..<width).reduce(Float(0)) { $0 + values[$1] * values[$1] } / Float(width)
    let root = square.squareRoot()
    for i in 0..<width { weights.initializeElement(at: start + i, to: root + values[i].magnitude) }
  }

  /// The f16 number that brings the largest of `values` to 63.
  private static func unit(_ values: [Float]) -> Float { Float(Float16((values.max() ?? 0) / 63)) }

  private static func neighbours(_ value: Float, unit: Float) -> ClosedRange<UInt8> {
    guard unit > 0 else { return 0...0 }
    let nearest = max(0, min(63, (value / unit).rounded()))
    return UInt8(max(0, nearest - 1))...UInt8(min(63, nearest + 1))
  }
}
