import PluginKit

/// GPTQ (arXiv 2210.17323) of one matrix W `[m, n]`: columns are rounded one after the other, each with what
/// `ErrorFeedback` adds for the errors of those before it.
///
/// Columns come in spans of about 128. Within a span each piece of 256 rows of W works by itself in the cache. After span
/// s = 1, 2, ... the errors of the last 2^p spans go on to the next 2^p ones, 2^p the largest power of two that divides
/// s: every pair of spans meets once, in products that are as square as they can be. Everything lies transposed, a column
/// of W in a row of memory, so that the inner loops run over rows of W without a stride.
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
  /// `[n, m]`: before its span `sum of e_j R_jk` over the spans so far, after it the errors `e = w - q`.
  let work: HostMatrix<Real>
  /// `[n, m]`, in the order of rounding.
  let codes: HostMatrix<UInt8>
  /// `[groups, m]`.
  let scales: HostMatrix<Float>
  let zeros: HostMatrix<UInt8>
  /// `[pieces, 2]`: sums of `D_k (z_k - q_k)^2` and of `(w - q)^2`.
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

  /// Refuses weights that are not finite, and takes the grids where those are static.
  private func prepare<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, _ host: borrowing Host
  ) throws(StrategyError) {
    let tile = 32
    try host.forEach((rows + tile - 1) / tile) { (piece) throws(StrategyError) in
      for row in tile * piece..<min(rows, tile * (piece + 1)) {
        let source = UnsafePointer(weights.elements) + row * columns
        var sum: Float = 0
        for j in 0..<columns { sum += source[j] * 0 }
        guard sum == 0 else { throw .notFinite(row: row) }
        guard isStatic else { continue }
        for group in 0..<groups {
          let first = group * width
          let count = min(columns, first + width) - first
          guard let grid = quantizer.grid(source + first, count: count, stride: 1, search: search) else {
            throw .notFinite(row: row)
          }
          scales.elements[group * rows + row] = grid.scale
          zeros.elements[group * rows + row] = grid.zero
        }
      }
    }
  }

  /// Rounds all columns.
  func run<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, _ feedback: borrowing ErrorFeedback, _ host: borrowing Host
  ) throws(StrategyError) {
    try prepare(weights, host)
    for (index, first) in stride(from: 0, to: columns, by: span).enumerated() {
      let range = first..<min(columns, first + span)
      let inverse = try host.converted(feedback.inverse(of: range, host), to: Real.self)
      let answer = try work.withRows(range) { (sum) throws(StrategyError) in
        try host.product(inverse, transposeA: true, sum)
      }
      let own = Span(
        columns: range, places: range.map { feedback.order[$0] },
        groups: range.map { feedback.order[$0] / width }, weights: range.map { feedback.weight($0) })
      try host.forEach(sums.rows) { (piece) throws(StrategyError) in
        let scratch = try host.newMatrix(Real.self, rows: range.count, columns: Self.pieceRows)
        round(piece, own, weights, answer, inverse, scratch)
      }
      let reach = span * ((index + 1) & -(index + 1))
      try carry(
        range.upperBound - min(reach, range.upperBound)..<range.upperBound,
        to: range.upperBound..<min(columns, range.upperBound + reach), feedback, host)
    }
  }

  /// Adds what the errors of the columns `done` come to in the columns `next`.
  private func carry<Host: HostAccess & ~Copyable>(
    _ done: Range<Int>, to next: Range<Int>, _ feedback: borrowing ErrorFeedback, _ host: borrowing Host
  ) throws(StrategyError) {
    guard !next.isEmpty else { return }
    let shares = try feedback.shares(done, next, as: Real.self, host)
    try work.withRows(done) { (errors) throws(StrategyError) in
      try work.withRows(next) { (target) throws(StrategyError) in
        try host.gemm(shares, transposeA: true, errors, beta: 1, into: target)
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
