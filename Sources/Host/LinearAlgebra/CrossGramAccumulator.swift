/// G = sum over rows of x y^T, in f64, for two streams of rows that belong together.
///
/// G: [left, right] = X^T Y, X: [tokens, left], Y: [tokens, right]. Rounding as in `GramAccumulator`.
public struct CrossGramAccumulator: Sendable {
  /// How many rows were added.
  public private(set) var rowCount = 0
  /// G so far.
  public private(set) var gram: Matrix<Double>

  public init(left: Int, right: Int) { gram = Matrix(rows: left, columns: right) }

  /// G += X^T Y. The bytes depend on how rows are divided into calls, not on threads.
  public mutating func add(
    left x: MatrixView<Float>, right y: MatrixView<Float>, workers: Workers
  ) throws(LinearAlgebraError) {
    guard x.columns == gram.rows, y.columns == gram.columns, x.rows == y.rows else {
      throw .shapes(
        operation: "cross gram", [[x.rows, x.columns], [y.rows, y.columns], [gram.rows, gram.columns]])
    }
    try requireSize("cross gram", x)
    try requireSize("cross gram", y)
    let tiling = Tiling(rows: gram.rows, columns: gram.columns, edge: RowChunks.tileEdge)
    var lefts = RowChunks(columns: x.columns, rows: x.rows)
    var rights = RowChunks(columns: y.columns, rows: y.rows)
    gram.withMutableView { gram in
      for rows in lefts.ranges {
        let left = lefts.widen(x.rows(rows), workers: workers)
        let right = rights.widen(y.rows(rows), workers: workers)
        workers.forEach(count: tiling.count) { index in
          let (down, across) = tiling[index]
          multiplyTransposed(left, down, right, across, gram)
        }
      }
    }
    rowCount += x.rows
  }

  /// G += X^T Y for matrices of rows.
  public mutating func add(
    left x: Matrix<Float>, right y: Matrix<Float>, workers: Workers
  ) throws(LinearAlgebraError) {
    try x.withView { (x) throws(LinearAlgebraError) in
      try y.withView { (y) throws(LinearAlgebraError) in try add(left: x, right: y, workers: workers) }
    }
  }
}
