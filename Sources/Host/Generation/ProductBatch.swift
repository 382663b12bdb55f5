import LinearAlgebra
import Runtime

/// Products that depend on nothing but their inputs, shared out as one piece of work: waking threads costs as much as
/// a small product.
///
/// Every product is cut into runs of rows whose borders depend on its shape alone, so the number of threads changes
/// no byte.
struct ProductBatch: Sendable {
  private struct Product: Sendable {
    let matrix: any StoredMatrix
    let operand: Operand
    let output: MutableMatrixView<Float>
    let rowsPerPiece: Int
    let pieces: Range<Int>
  }

  /// Elements of a matrix in one piece: a few microseconds for a vector, half a megabyte where it is decoded.
  static let pieceSize = 1 << 17
  /// Products below this many multiplications are not worth another thread.
  static let serialLimit = 1 << 18
  /// Most vectors that are multiplied one by one; more are worth decoding the matrix for.
  static let vectorLimit = 4

  private var products: [Product] = []
  private var multiplications = 0

  /// Y = X F^T; X: [T, in], Y: [T, out].
  mutating func add(_ matrix: any StoredMatrix, _ operand: Operand, into output: MutableMatrixView<Float>) {
    let step = min(max(1, Self.pieceSize / max(matrix.columns, 1)), max(matrix.rows, 1))
    let first = products.last?.pieces.upperBound ?? 0
    products.append(
      Product(
        matrix: matrix, operand: operand, output: output, rowsPerPiece: step,
        pieces: first..<first + (matrix.rows + step - 1) / step))
    multiplications += matrix.rows * matrix.columns * output.rows
  }

  func run(_ workers: Workers) throws(RuntimeError) {
    guard let count = products.last?.pieces.upperBound else { return }
    let workers = multiplications < Self.serialLimit ? .serial : workers
    try workers.forEach(count: count) { (piece) throws(RuntimeError) in
      for product in products where product.pieces.contains(piece) {
        let start = (piece - product.pieces.lowerBound) * product.rowsPerPiece
        try Self.multiply(product, start..<min(start + product.rowsPerPiece, product.matrix.rows))
      }
    }
  }

  private static func multiply(_ product: Product, _ rows: Range<Int>) throws(RuntimeError) {
    let (matrix, output) = (product.matrix, product.output)
    guard output.rows > vectorLimit, !matrix.multipliesRowByRow else {
      for row in 0..<output.rows {
        matrix.multiply(
          rows, product.operand, row: row, into: output.base + row * output.rowStride + rows.lowerBound)
      }
      return
    }
    var decoded = Matrix<Float>(uninitialisedRows: rows.count, columns: matrix.columns)
    decoded.withMutableView { matrix.decode(rows, into: $0.base) }
    try RuntimeError.rethrowing { () throws(LinearAlgebraError) in
      try decoded.withView { (weight) throws(LinearAlgebraError) in
        try gemm(
          product.operand.view, weight, transposeB: true,
          into: output.part(rows: 0..<output.rows, columns: rows), workers: .serial)
      }
    }
  }
}
