import PluginKit

/// GPTQ (arXiv 2210.17323) of one matrix W `[m, n]`: columns are rounded one after the other, each with what
/// `ErrorFeedback` adds for the errors of those before it.
///
/// Columns come in spans of about 128. What earlier spans add to a span is one product by the host; within a span each
/// piece of 256 rows of W works by itself in the cache. Everything lies transposed, a column of W in a row of memory, so
/// that the inner loops run over rows of W without a stride.
///
/// Grids: in natural order, that of a group of up to `widestSpan` columns comes from the weights as they are when its
/// first column is reached. In the order of activations, and for wider groups, all come from the weights as they were,
/// and the group of column j stays `j / group_size`.
struct ColumnLoop<Real: HostReal>: ~Copyable, Sendable {
  static var pieceRows: Int { 256 }
  static var widestSpan: Int { 512 }

  let quantizer: GroupQuantizer
  let search: ScaleSearch
  let rows: Int
  let columns: Int
  /// Columns of a group.
  let width: Int
  let groups: Int
  /// Rounded columns in one span.
  let span: Int
  /// Whether grids come from the weights as they were.
  let isStatic: Bool
  /// `[n, m]`: before its span a column's weights, after it the errors `w' - q`.
  let work: HostMatrix<Real>
  /// `[n, m]`, in the order of rounding.
  let codes: HostMatrix<UInt8>
  /// `[groups, m]`.
  let scales: HostMatrix<Float>
  let zeros: HostMatrix<UInt8>
  /// `[pieces, 2]`: sums of `(w_k' - q_k)^2 / U_kk^2` and of `(w - q)^2`.
  let sums: HostMatrix<Double>

  init<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, _ quantizer: GroupQuantizer, groupSize: Int, search: ScaleSearch,
    order: ColumnOrder, _ host: borrowing Host
  ) throws(StrategyError) {
    let (rows, columns) = (weights.rows, weights.columns)
    let width = groupSize == 0 ? max(1, columns) : min(groupSize, max(1, columns))
    let groups = (columns + width - 1) / width
    let work = try host.newMatrix(Real.self, rows: columns, columns: rows)
    let codes = try host.newMatrix(UInt8.self, rows: columns, columns: rows)
    let scales = try host.newMatrix(Float.self, rows: groups, columns: rows)
    let zeros = try host.newMatrix(UInt8.self, rows: groups, columns: rows)
    let pieces = (rows + Self.pieceRows - 1) / Self.pieceRows
    let sums = try host.newMatrix(Double.self, rows: pieces, columns: 2)
    self.quantizer = quantizer
    self.search = search
    (self.rows, self.columns, self.width, self.groups) = (rows, columns, width, groups)
    isStatic = order == .activation || width > Self.widestSpan
    span = isStatic ? 128 : width >= 128 ? width : 128 / width * width
    self.work = work
    self.codes = codes
    self.scales = scales
    self.zeros = zeros
    self.sums = sums
  }

  /// Lays the weights down by column, in the order of rounding, and takes their grids where those are static.
  func transpose<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, _ order: [Int], _ host: borrowing Host
  ) throws(StrategyError) {
    let tile = 32
    try host.forEach((rows + tile - 1) / tile) { (piece) throws(StrategyError) in
      let (source, target) = (weights.elements, work.elements)
      let range = tile * piece..<min(rows, tile * (piece + 1))
      for row in range {
        var sum: Float = 0
        for j in 0..<columns { sum += source[row * columns + j] * 0 }
        guard sum == 0 else { throw .notFinite(row: row) }
        guard isStatic else { continue }
        for group in 0..<groups {
          let first = group * width
          let count = min(columns, first + width) - first
          guard
            let grid = quantizer.grid(
              UnsafePointer(source) + row * columns + first, count: count, stride: 1, search: search)
          else { throw .notFinite(row: row) }
          scales.elements[group * rows + row] = grid.scale
          zeros.elements[group * rows + row] = grid.zero
        }
      }
      for k in 0..<columns {
        let column = order[k]
        for row in range { target[k * rows + row] = Real(source[row * columns + column]) }
      }
    }
  }

  /// Rounds all columns.
  func run<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, _ feedback: borrowing ErrorFeedback, _ host: borrowing Host
  ) throws(StrategyError) {
    try transpose(weights, feedback.order, host)
    for first in stride(from: 0, to: columns, by: span) {
      let range = first..<min(columns, first + span)
      let original = try host.newMatrix(Real.self, rows: range.count, columns: rows)
      original.elements.update(from: work.elements + first * rows, count: range.count * rows)
      if first > 0 {
        let shares = try feedback.shares(0..<first, range, as: Real.self, host)
        try work.withRows(0..<first) { (errors) throws(StrategyError) in
          try work.withRows(range) { (target) throws(StrategyError) in
            try host.gemm(shares, transposeA: true, errors, beta: 1, into: target)
          }
        }
      }
      let shares = try feedback.shares(range, range, as: Real.self, host)
      let weights = range.map { feedback.weight($0) }
      let groupOf = range.map { feedback.order[$0] / width }
      try host.forEach(sums.rows) { (piece) throws(StrategyError) in
        let scratch = try host.newMatrix(Real.self, rows: range.count + 1, columns: Self.pieceRows)
        round(piece, range, original, shares, weights, groupOf, scratch)
      }
    }
  }

  /// Codes, grids and sums in the places and order of W.
  func result<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, _ feedback: borrowing ErrorFeedback, _ host: borrowing Host
  ) throws(StrategyError) -> QuantizedFactor {
    let order = feedback.order
    let placed = try host.newMatrix(UInt8.self, rows: rows, columns: columns)
    let ownScales = try host.newMatrix(Float.self, rows: rows, columns: groups)
    let ownZeros = try host.newMatrix(UInt8.self, rows: rows, columns: groups)
    let norms = try host.newMatrix(Double.self, rows: rows, columns: 1)
    try host.forEach((rows + 63) / 64) { (piece) throws(StrategyError) in
      let (target, source) = (placed.elements, codes.elements)
      let range = 64 * piece..<min(rows, 64 * (piece + 1))
      for k in 0..<columns {
        let column = order[k]
        for row in range { target[row * columns + column] = source[k * rows + row] }
      }
      for row in range {
        for group in 0..<groups {
          ownScales.elements[row * groups + group] = scales.elements[group * rows + row]
          ownZeros.elements[row * groups + group] = zeros.elements[group * rows + row]
        }
        var norm = 0.0
        let own = weights.elements + row * columns
        for j in 0..<columns { norm += Double(own[j]) * Double(own[j]) }
        norms.elements[row] = norm
      }
    }
    var (weighted, error, norm) = (0.0, 0.0, 0.0)
    for piece in 0..<sums.rows {
      weighted += sums[piece, 0]
      error += sums[piece, 1]
    }
    for row in 0..<rows { norm += norms[row, 0] }
    let zeroPoints: HostMatrix<UInt8>? = quantizer.isSymmetric ? nil : consume ownZeros
    return QuantizedFactor(
      codes: placed, scales: ownScales, zeroPoints: zeroPoints, codebook: nil, squaredError: error,
      squaredNorm: norm, squaredOutputError: max(0, weighted - feedback.damping * error) * feedback.unit)
  }
}
