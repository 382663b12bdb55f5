/// A matrix cut into tiles. The borders depend on the shape and the work alone, never on threads.
struct Tiling: Sendable {
  let rows: Int
  let columns: Int
  let height: Int
  let width: Int
  let down: Int
  let across: Int

  var count: Int { down * across }

  /// Tiles of at most `edge` x `edge` elements, nearly equal.
  init(rows: Int, columns: Int, edge: Int) {
    self.rows = rows
    self.columns = columns
    (height, down) = Self.split(rows, edge: edge)
    (width, across) = Self.split(columns, edge: edge)
  }

  /// Tiles for a product of `rows` x `depth` by `depth` x `columns`.
  ///
  /// Large tiles repack their operands less often, small ones balance better: 512 where that leaves enough
  /// pieces, else 256; and one piece where starting a thread would cost more than it saves.
  init(rows: Int, columns: Int, depth: Int) {
    let work = Double(rows) * Double(columns) * Double(depth)
    let large = Tiling(rows: rows, columns: columns, edge: 512)
    if work < 0x1p21 {
      self.init(rows: rows, columns: columns, edge: max(rows, columns, 1))
    } else if large.count >= 16 {
      self = large
    } else {
      self.init(rows: rows, columns: columns, edge: 256)
    }
  }

  /// Tiles of a square sum over many rows, of order `n`: large ones repack the rows less often, but where the matrix is
  /// small several threads should still have one each.
  init(overRows n: Int) { self.init(rows: n, columns: n, edge: n > 512 ? 512 : 128) }

  func rowRange(_ index: Int) -> Range<Int> { index * height..<min((index + 1) * height, rows) }
  func columnRange(_ index: Int) -> Range<Int> { index * width..<min((index + 1) * width, columns) }

  /// Rows and columns of tile `index`, counted row by row.
  subscript(index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    (rowRange(index / across), columnRange(index % across))
  }

  /// The tiles (row, column) on and below the diagonal of a square tiling.
  var lowerTriangle: [(row: Int, column: Int)] {
    (0..<down).flatMap { row in (0...row).map { (row, $0) } }
  }

  /// A piece length, a multiple of the widest vector, and how many pieces there are.
  private static func split(_ extent: Int, edge: Int) -> (length: Int, count: Int) {
    guard extent > 0 else { return (1, 0) }
    let pieces = (extent + edge - 1) / edge
    let even = (extent + pieces - 1) / pieces
    let length = min((even + 15) / 16 * 16, extent)
    return (length, (extent + length - 1) / length)
  }
}
