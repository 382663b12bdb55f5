import PluginKit

extension ColumnLoop {
  /// Columns that are rounded together.
  struct Span: Sendable {
    /// In the order of rounding.
    let columns: Range<Int>
    /// Where each stands in W.
    let places: [Int]
    /// The group whose grid each has.
    let groups: [Int]
    /// `D_k`.
    let weights: [Double]
  }

  /// Rounds a span for one piece of the rows of W.
  ///
  /// - answer: what earlier spans add to the weights of this one, `[columns, m]`.
  /// - inverse: `R_SS^-1`.
  /// - scratch: `[columns, pieceRows]`.
  func round(
    _ piece: Int, _ span: Span, _ original: borrowing HostMatrix<Float>,
    _ answer: borrowing HostMatrix<Real>, _ inverse: borrowing HostMatrix<Real>,
    _ scratch: borrowing HostMatrix<Real>
  ) {
    let firstRow = piece * Self.pieceRows
    let count = min(rows - firstRow, Self.pieceRows)
    let (local, stride) = (scratch.elements, Self.pieceRows)
    load(span, original, answer.elements + firstRow, firstRow, count, into: local)
    var (weighted, squared) = (0.0, 0.0)
    // Errors of up to four columns at a time go on to the columns behind them, so that those are read and written
    // once for four. A bundle ends where a grid is to be taken from the weights as they are.
    var first = 0
    while first < span.columns.count {
      let border = isStatic ? span.columns.count : (first / width + 1) * width
      let last = min(first + 4, span.columns.count, border)
      defer { first = last }
      for c in first..<last {
        let k = span.columns.lowerBound + c
        if !isStatic, k % width == 0 {
          fitGrids(group: k / width, local + c * stride, min(width, columns - k), firstRow, count)
        }
        let grid = span.groups[c] * rows + firstRow
        let place = k * rows + firstRow
        let error = work.elements + place
        roundColumn(
          local + c * stride, UnsafePointer(scales.elements + grid), UnsafePointer(zeros.elements + grid),
          codes.elements + place, error, count)
        weighted += Self.squaredSum(local + c * stride, count) * span.weights[c]
        squared += Self.squaredSum(error, count)
        for next in c + 1..<max(c + 1, last) {
          Self.add(-inverse[c, next], local + c * stride, to: local + next * stride, count)
        }
      }
      add(first..<last, inverse, to: local, count)
    }
    sums[piece, 0] += weighted
    sums[piece, 1] += squared
  }

  /// z before the errors of the span itself, and the weights in the place of the errors to come.
  private func load(
    _ span: Span, _ original: borrowing HostMatrix<Float>, _ answer: UnsafeMutablePointer<Real>,
    _ firstRow: Int, _ count: Int, into local: UnsafeMutablePointer<Real>
  ) {
    let source = original.elements + firstRow * columns
    let target = work.elements + span.columns.lowerBound * rows + firstRow
    // A tile of 16 rows stays in the first cache while it is turned.
    for tile in Swift.stride(from: 0, to: count, by: 16) {
      let range = tile..<min(count, tile + 16)
      for (c, column) in span.places.enumerated() {
        let (weights, z, added) = (target + c * rows, local + c * Self.pieceRows, answer + c * rows)
        for r in range {
          weights[r] = Real(source[r * columns + column])
          z[r] = weights[r] + added[r]
        }
      }
    }
  }

  /// Adds what the columns `done` change in the rest of the span.
  @inline(__always)
  private func add(
    _ done: Range<Int>, _ inverse: borrowing HostMatrix<Real>, to local: UnsafeMutablePointer<Real>,
    _ count: Int
  ) {
    let (columns, stride) = (inverse.columns, Self.pieceRows)
    let errors = local + done.lowerBound * stride
    for next in done.upperBound..<max(done.upperBound, columns) {
      let target = local + next * stride
      let share = inverse.elements + done.lowerBound * columns + next
      if done.count == 4 {
        let (s0, s1, s2, s3) = (share[0], share[columns], share[2 * columns], share[3 * columns])
        let (e0, e1, e2, e3) = (errors, errors + stride, errors + 2 * stride, errors + 3 * stride)
        for r in 0..<count { target[r] -= (s0 * e0[r] + s1 * e1[r]) + (s2 * e2[r] + s3 * e3[r]) }
      } else {
        for c in 0..<done.count { Self.add(-share[c * columns], errors + c * stride, to: target, count) }
      }
    }
  }

  @inline(__always)
  private static func add(
    _ share: Real, _ error: UnsafePointer<Real>, to target: UnsafeMutablePointer<Real>, _ count: Int
  ) {
    for r in 0..<count { target[r] += share * error[r] }
  }

  /// The grids of a group from the weights as they are now.
  private func fitGrids(
    group: Int, _ local: UnsafeMutablePointer<Real>, _ groupWidth: Int, _ firstRow: Int, _ count: Int
  ) {
    var column = [Float](repeating: 0, count: groupWidth)
    for r in 0..<count {
      for c in 0..<groupWidth { column[c] = Float(local[c * Self.pieceRows + r]) }
      // Weights and shares are finite, so these are too unless they overflow; then the old end of the range holds.
      let found = column.withUnsafeBufferPointer { buffer -> (scale: Float, zero: UInt8)? in
        guard let base = buffer.baseAddress else { return nil }
        return quantizer.grid(base, count: groupWidth, stride: 1, search: search)
      }
      let grid = found ?? (scale: quantizer.scaleType.greatestFiniteMagnitude, zero: 0)
      scales.elements[group * rows + firstRow + r] = grid.scale
      zeros.elements[group * rows + firstRow + r] = grid.zero
    }
  }

  /// Codes of `count` rows of one column, its errors `w - q` in the place of w, and `z - q` in the place of z.
  @inline(__always)
  private func roundColumn(
    _ z: UnsafeMutablePointer<Real>, _ scale: UnsafePointer<Float>, _ zero: UnsafePointer<UInt8>,
    _ code: UnsafeMutablePointer<UInt8>, _ error: UnsafeMutablePointer<Real>, _ count: Int
  ) {
    let shift = 6_755_399_441_055_744.0
    let (limit, top) = (1024.0, Double(quantizer.maximumCode))
    for r in 0..<count {
      let (s, origin) = (Double(scale[r]), Double(zero[r]))
      let quotient = min(max(Double(z[r]) / s, -limit), limit)
      let c = min(max(((quotient + shift) - shift) + origin, 0), top)
      // The low bits of c + 2^52 are the integer.
      code[r] = UInt8(truncatingIfNeeded: (c + 4_503_599_627_370_496).bitPattern)
      let rounded = s * (c - origin)
      error[r] = Real(Double(error[r]) - rounded)
      z[r] = Real(Double(z[r]) - rounded)
    }
  }

  @inline(__always)
  private static func squaredSum(_ values: UnsafeMutablePointer<Real>, _ count: Int) -> Double {
    var sum = 0.0
    for r in 0..<count { sum += Double(values[r]) * Double(values[r]) }
    return sum
  }
}
