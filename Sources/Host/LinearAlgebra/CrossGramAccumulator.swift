/// C = sum over rows of x y^T for two streams of rows that belong together, beside G = sum over rows of y y^T:
///
///     C = G + sum over rows of (x - y) y^T
///
/// X, Y: [tokens, n], C, G: [n, n]. Where the streams are close, the inputs of a layer in two versions of a model, the
/// second sum is small beside the first. Its products are f32, at half the price of f64, and are summed in f64 every
/// 1024 rows: |error| <= 1026 u |X - Y|^T |Y| per element, u = 2^-24, besides that of G. Equal streams give G to the bit.
public struct CrossGramAccumulator: Sendable {
  /// n, the length of a row.
  public let dimension: Int
  /// How many pairs of rows were added.
  public private(set) var rowCount = 0
  /// Sum of (x - y) y^T.
  private var excess: Matrix<Double>

  /// Rows whose products are summed in f32.
  private static let chunk = 1024

  public init(dimension: Int) {
    self.dimension = dimension
    excess = Matrix(rows: dimension, columns: dimension)
  }

  /// C += X^T Y. The bytes depend on how rows are divided into calls, not on threads.
  public mutating func add(
    _ x: MatrixView<Float>, _ y: MatrixView<Float>, workers: Workers
  ) throws(LinearAlgebraError) {
    guard x.columns == dimension, y.columns == dimension, x.rows == y.rows else {
      throw .shapes(
        operation: "cross gram", [[x.rows, x.columns], [y.rows, y.columns], [dimension, dimension]])
    }
    try requireSize("cross gram", x)
    try requireSize("cross gram", y)
    let tiling = Tiling(overRows: dimension)
    excess.withMutableView { excess in
      workers.forEach(count: tiling.count) { index in
        let (down, across) = tiling[index]
        let target = excess.part(rows: down, columns: across)
        var difference = Matrix<Float>(uninitialisedRows: min(x.rows, Self.chunk), columns: down.count)
        var product = Matrix<Float>(uninitialisedRows: down.count, columns: across.count)
        difference.withMutableView { difference in
          product.withMutableView { product in
            for first in stride(from: 0, to: x.rows, by: Self.chunk) {
              let rows = first..<min(first + Self.chunk, x.rows)
              let difference = difference.rows(0..<rows.count)
              let own = y.part(rows: rows, columns: down)
              difference.fill(x.part(rows: rows, columns: down), minus: own)
              multiply(1, difference.readable, true, y.part(rows: rows, columns: across), false, 0, product)
              target.add(product.readable)
            }
          }
        }
      }
    }
    rowCount += x.rows
  }

  /// C, given G of the same rows y.
  public func crossGram(_ gram: Matrix<Double>) throws(LinearAlgebraError) -> Matrix<Double> {
    guard gram.rows == dimension, gram.columns == dimension else {
      throw .shapes(operation: "cross gram", [[gram.rows, gram.columns], [dimension, dimension]])
    }
    return Matrix(rows: dimension, columns: dimension) { gram[$0, $1] + excess[$0, $1] }
  }
}

extension MutableMatrixView<Float> {
  /// Becomes A - B.
  fileprivate func fill(_ a: MatrixView<Float>, minus b: MatrixView<Float>) {
    for row in 0..<rows {
      let (target, from, minus) = (
        base + row * rowStride, a.base + row * a.rowStride, b.base + row * b.rowStride
      )
      for column in 0..<columns { target[column] = from[column] - minus[column] }
    }
  }
}

extension MutableMatrixView<Double> {
  /// Adds A.
  fileprivate func add(_ a: MatrixView<Float>) {
    for row in 0..<rows {
      let (target, from) = (base + row * rowStride, a.base + row * a.rowStride)
      for column in 0..<columns { target[column] += Double(from[column]) }
    }
  }
}
