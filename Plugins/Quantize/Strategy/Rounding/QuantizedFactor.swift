import PluginKit

/// A dense matrix rounded to codes, and how far off it is.
struct QuantizedFactor: ~Copyable {
  let codes: HostMatrix<UInt8>
  let scales: HostMatrix<Float>
  let zeroPoints: HostMatrix<UInt8>?
  /// Of codes that look numbers up.
  let codebook: HostMatrix<Float>?
  /// Sum of `(w - w')^2`.
  let squaredError: Double
  /// Sum of `w^2`.
  let squaredNorm: Double
  /// `||(W - W') X||_F^2` where it was measured on the way.
  var squaredOutputError: Double?

  /// The factor as it is stored.
  consuming func takeFactor(bits: Int, groupSize: Int, scalesStoredAs type: ElementType?) -> Factor {
    switch consume codebook {
    case .some(let codebook):
      .lookedUp(
        codes: codes, scales: scales, codebook: codebook, bits: bits, groupSize: groupSize,
        scalesStoredAs: type)
    case .none:
      .quantized(
        codes: codes, scales: scales, zeroPoints: zeroPoints, bits: bits, groupSize: groupSize,
        scalesStoredAs: type)
    }
  }
}

extension GroupQuantizer {
  /// Rounds every group of `groupSize` columns (0: the whole row; the last may be shorter) of every row.
  ///
  /// Rows are cut into pieces of about 2^16 elements for the host's threads; the sums combine in piece order.
  func quantize<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, groupSize: Int, search: ScaleSearch, _ host: borrowing Host
  ) throws(StrategyError) -> QuantizedFactor {
    let (rows, columns) = (weights.rows, weights.columns)
    let width = groupSize == 0 ? max(1, columns) : groupSize
    let groups = (columns + width - 1) / width
    let codes = try host.newMatrix(UInt8.self, rows: rows, columns: columns)
    let scales = try host.newMatrix(Float.self, rows: rows, columns: groups)
    let zeros = try host.newMatrix(UInt8.self, rows: isSymmetric ? 1 : rows, columns: groups)
    let rowsPerPiece = max(1, (1 << 16) / max(1, columns))
    let pieces = (rows + rowsPerPiece - 1) / rowsPerPiece
    let sums = try host.newMatrix(Double.self, rows: pieces, columns: 2)

    try host.forEach(pieces) { (piece) throws(StrategyError) in
      var (error, norm) = (0.0, 0.0)
      for row in piece * rowsPerPiece..<min(rows, (piece + 1) * rowsPerPiece) {
        for group in 0..<groups {
          let range = group * width..<min(columns, (group + 1) * width)
          let grid = try grid(of: weights, row, range, search)
          scales[row, group] = grid.scale
          if !isSymmetric { zeros[row, group] = grid.zero }
          let sum = round(weights, row, range, grid, into: codes)
          error += sum.error
          norm += sum.norm
        }
      }
      sums[piece, 0] = error
      sums[piece, 1] = norm
    }

    var (error, norm) = (0.0, 0.0)
    for piece in 0..<pieces {
      error += sums[piece, 0]
      norm += sums[piece, 1]
    }
    let zeroPoints: HostMatrix<UInt8>? = isSymmetric ? nil : consume zeros
    return QuantizedFactor(
      codes: codes, scales: scales, zeroPoints: zeroPoints, codebook: nil, squaredError: error,
      squaredNorm: norm)
  }

  private func grid(
    of weights: borrowing HostMatrix<Float>, _ row: Int, _ range: Range<Int>, _ search: ScaleSearch
  ) throws(StrategyError) -> (scale: Float, zero: UInt8) {
    let first = UnsafePointer(weights.elements) + row * weights.columns + range.lowerBound
    guard let grid = grid(first, count: range.count, stride: 1, search: search) else {
      throw .notFinite(row: row)
    }
    return grid
  }

  private func round(
    _ weights: borrowing HostMatrix<Float>, _ row: Int, _ range: Range<Int>,
    _ grid: (scale: Float, zero: UInt8), into codes: borrowing HostMatrix<UInt8>
  ) -> (error: Double, norm: Double) {
    let (scale, zero) = (Double(grid.scale), Double(grid.zero))
    return weights.withRow(row) { elements in
      codes.withMutableRow(row) { target in
        var (error, norm) = (0.0, 0.0)
        for j in range {
          let code = code(elements[j], scale: scale, zero: zero)
          target[j] = UInt8(code)
          let difference = Double(elements[j]) - scale * (code - zero)
          error += difference * difference
          norm += Double(elements[j]) * Double(elements[j])
        }
        return (error, norm)
      }
    }
  }
}

extension StrategyError {
  static func notFinite(row: Int) -> StrategyError {
    StrategyError(.numerical, "a weight in row \(row) is not finite")
  }
}
