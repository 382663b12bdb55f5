/// G = sum over rows x of x x^T, in f64: the second moments of a layer's inputs.
///
/// G: [n, n] = X^T X for all rows X: [tokens, n] added so far. The f32 rows are widened first, so every product
/// is exact and only the sums round: |error| <= tokens u |X|^T|X| per element, u = 2^-53. Raw sums, no mean.
public struct GramAccumulator: Sendable {
  /// n, the length of a row.
  public let dimension: Int
  /// How many rows were added.
  public private(set) var rowCount = 0
  private var lower: Matrix<Double>

  public init(dimension: Int) {
    self.dimension = dimension
    lower = Matrix(rows: dimension, columns: dimension)
  }

  /// G += X^T X. X: [tokens, n]. The bytes depend on how rows are divided into calls, not on threads.
  public mutating func add(rows x: MatrixView<Float>, workers: Workers) throws(LinearAlgebraError) {
    guard x.columns == dimension else {
      throw .shapes(operation: "gram", [[x.rows, x.columns], [dimension, dimension]])
    }
    try requireSize("gram", x)
    let tiling = Tiling(overRows: dimension)
    let tiles = tiling.lowerTriangle
    var chunks = RowChunks(columns: dimension, rows: x.rows)
    lower.withMutableView { gram in
      for rows in chunks.ranges {
        let wide = chunks.widen(x.rows(rows), workers: workers)
        workers.forEach(count: tiles.count) { index in
          let (down, across) = (tiling.rowRange(tiles[index].row), tiling.columnRange(tiles[index].column))
          if down == across {
            multiplyBySelf(
              1, wide.part(rows: 0..<wide.rows, columns: down), true, 1, gram.part(rows: down, columns: down))
          } else {
            multiplyTransposed(wide, down, wide, across, gram)
          }
        }
      }
    }
    rowCount += x.rows
  }

  /// G += X^T X for a matrix of rows.
  public mutating func add(rows x: Matrix<Float>, workers: Workers) throws(LinearAlgebraError) {
    try x.withView { (view) throws(LinearAlgebraError) in try add(rows: view, workers: workers) }
  }

  /// G so far, exactly symmetric.
  public func gram(workers: Workers) -> Matrix<Double> {
    var result = lower
    result.withMutableView { $0.mirrorLowerTriangle(workers: workers) }
    return result
  }
}

/// gram[down, across] += X[:, down]^T Y[:, across]
func multiplyTransposed(
  _ x: MatrixView<Double>, _ down: Range<Int>, _ y: MatrixView<Double>, _ across: Range<Int>,
  _ gram: MutableMatrixView<Double>
) {
  multiply(
    1, x.part(rows: 0..<x.rows, columns: down), true, y.part(rows: 0..<y.rows, columns: across), false, 1,
    gram.part(rows: down, columns: across))
}
