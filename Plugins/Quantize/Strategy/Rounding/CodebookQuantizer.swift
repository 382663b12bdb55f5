import PluginKit

/// Rounds the numbers of one group to a table of levels in [-1, 1]: `w = scale * level[code]`.
///
/// `scale = max|w|`, rounded up to the type it is stored in, and 1 for a group of zeros. With `search: mse`, the one of
/// 61 scales from that to a quarter of it with the least sum of `(w - w')^2`.
struct CodebookQuantizer: Sendable {
  /// Ascending.
  let levels: [Float]
  let scaleType: ElementType
  /// Half way from each level to the next.
  private let borders: [Float]

  init(levels: [Float], scaleType: ElementType) {
    self.levels = levels
    self.scaleType = scaleType
    borders = zip(levels, levels.dropFirst()).map { ($0 + $1) / 2 }
  }

  func code(_ value: Float, scale: Float) -> Int {
    let position = value / scale
    var code = 0
    for border in borders where position > border { code += 1 }
    return code
  }

  private func scale(_ elements: UnsafePointer<Float>, _ count: Int, _ search: ScaleSearch) -> Float? {
    var (largest, sum) = (Float(0), Float(0))
    for i in 0..<count {
      largest = max(largest, abs(elements[i]))
      sum += elements[i] * 0
    }
    guard sum == 0 else { return nil }
    guard largest > 0 else { return 1 }
    func stored(_ ideal: Float) -> Float {
      min(
        max(scaleType.roundedUp(Double(ideal)), scaleType.leastNormalMagnitude),
        scaleType.greatestFiniteMagnitude)
    }
    guard search == .mse else { return stored(largest) }
    var (best, least) = (Float(1), Double.infinity)
    for step in 0...60 {
      let candidate = stored(largest * (1 - Float(step) / 80))
      var error = 0.0
      for i in 0..<count {
        let difference = Double(elements[i]) - Double(candidate * levels[code(elements[i], scale: candidate)])
        error += difference * difference
      }
      if error < least { (best, least) = (candidate, error) }
    }
    return best
  }

  /// Rounds every group of `groupSize` columns (0: the whole row; the last may be shorter) of every row.
  func quantize<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, groupSize: Int, search: ScaleSearch, _ host: borrowing Host
  ) throws(StrategyError) -> QuantizedFactor {
    let (rows, columns) = (weights.rows, weights.columns)
    let width = groupSize == 0 ? max(1, columns) : groupSize
    let groups = (columns + width - 1) / width
    let codes = try host.newMatrix(UInt8.self, rows: rows, columns: columns)
    let scales = try host.newMatrix(Float.self, rows: rows, columns: groups)
    let sums = try host.newMatrix(Double.self, rows: rows, columns: 2)
    try host.forEach(rows) { (row) throws(StrategyError) in
      let elements = UnsafePointer(weights.elements) + row * columns
      for group in 0..<groups {
        let range = group * width..<min(columns, (group + 1) * width)
        guard let scale = scale(elements + range.lowerBound, range.count, search) else {
          throw .notFinite(row: row)
        }
        scales[row, group] = scale
        for j in range {
          let code = code(elements[j], scale: scale)
          codes[row, j] = UInt8(code)
          let difference = Double(elements[j]) - Double(scale * levels[code])
          sums[row, 0] += difference * difference
          sums[row, 1] += Double(elements[j]) * Double(elements[j])
        }
      }
    }
    let codebook = try host.newVector(Float.self, count: levels.count)
    for (place, level) in levels.enumerated() { codebook[place, 0] = level }
    var (error, norm) = (0.0, 0.0)
    for row in 0..<rows {
      error += sums[row, 0]
      norm += sums[row, 1]
    }
    return QuantizedFactor(
      codes: codes, scales: scales, zeroPoints: nil, codebook: codebook, squaredError: error,
      squaredNorm: norm)
  }
}
