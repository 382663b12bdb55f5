import PluginKit

extension ColumnLoop {
  /// Rounds the columns `range` for one piece of the rows of W.
  ///
  /// - original: the weights of these columns, `[columns, m]`; `work` already has what earlier spans add.
  /// - shares: `-U_jk / U_jj` within the span.
  /// - scratch: `[columns + 1, pieceRows]`.
  func round(
    _ piece: Int, _ range: Range<Int>, _ original: borrowing HostMatrix<Real>,
    _ shares: borrowing HostMatrix<Real>,
    _ weights: [Double], _ groupOf: [Int], _ scratch: borrowing HostMatrix<Real>
  ) {
    let firstRow = piece * Self.pieceRows
    let count = min(rows - firstRow, Self.pieceRows)
    let local = scratch.elements
    let stride = Self.pieceRows
    for c in 0..<range.count {
      (local + c * stride).update(
        from: work.elements + (range.lowerBound + c) * rows + firstRow, count: count)
    }
    var (weighted, squared) = (0.0, 0.0)
    // Errors of up to four columns at a time go on to the columns behind them, so that those are read and written
    // once for four. A bundle ends where a grid is to be taken from the weights as they are.
    var first = 0
    while first < range.count {
      let border = isStatic ? range.count : (first / width + 1) * width
      let last = min(first + 4, range.count, border)
      defer { first = last }
      for c in first..<last {
        let k = range.lowerBound + c
        if !isStatic, k % width == 0 {
          fitGrids(group: k / width, local + c * stride, min(width, columns - k), firstRow, count)
        }
        let place = groupOf[c] * rows + firstRow
        let error = work.elements + k * rows + firstRow
        roundColumn(
          UnsafePointer(local + c * stride), UnsafePointer(scales.elements + place),
          UnsafePointer(zeros.elements + place),
          codes.elements + k * rows + firstRow, error, count)
        let w = UnsafePointer(local + c * stride)
        var sum = 0.0
        for r in 0..<count {
          let difference = Double(original.elements[c * rows + firstRow + r] - w[r] + error[r])
          sum += Double(error[r]) * Double(error[r])
          squared += difference * difference
        }
        weighted += sum * weights[c]
        for next in c + 1..<max(c + 1, last) {
          Self.add(shares.elements[c * range.count + next], error, to: local + next * stride, count)
        }
      }
      for next in last..<max(last, range.count) {
        let target = local + next * stride
        let share = shares.elements + next
        let errors = work.elements + (range.lowerBound + first) * rows + firstRow
        if last - first == 4 {
          let (s0, s1) = (share[first * range.count], share[(first + 1) * range.count])
          let (s2, s3) = (share[(first + 2) * range.count], share[(first + 3) * range.count])
          let (e0, e1, e2, e3) = (errors, errors + rows, errors + 2 * rows, errors + 3 * rows)
          for r in 0..<count { target[r] += (s0 * e0[r] + s1 * e1[r]) + (s2 * e2[r] + s3 * e3[r]) }
        } else {
          for c in first..<last {
            Self.add(share[c * range.count], errors + (c - first) * rows, to: target, count)
          }
        }
      }
    }
    sums[piece, 0] += weighted
    sums[piece, 1] += squared
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

  /// Codes of `count` rows of one column, and `w' - q`.
  @inline(__always)
  private func roundColumn(
    _ w: UnsafePointer<Real>, _ scale: UnsafePointer<Float>,
    _ zero: UnsafePointer<UInt8>, _ code: UnsafeMutablePointer<UInt8>, _ error: UnsafeMutablePointer<Real>,
    _ count: Int
  ) {
    let shift = 6_755_399_441_055_744.0
    let (limit, top) = (1024.0, Double(quantizer.maximumCode))
    for r in 0..<count {
      let (s, z) = (Double(scale[r]), Double(zero[r]))
      let quotient = min(max(Double(w[r]) / s, -limit), limit)
      let c = min(max(((quotient + shift) - shift) + z, 0), top)
      // The low bits of c + 2^52 are the integer.
      code[r] = UInt8(truncatingIfNeeded: (c + 4_503_599_627_370_496).bitPattern)
      error[r] = Real(Double(w[r]) - s * (c - z))
    }
  }
}
