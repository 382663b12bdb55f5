import CKernels
import LinearAlgebra

/// Matrices of one height that live as long as this value.
struct Scratch {
  let rows: Int
  private var memory: [Matrix<Float>] = []

  init(rows: Int) { self.rows = rows }

  /// Elements of unknown value, [rows, columns].
  mutating func matrix(_ columns: Int) -> MutableMatrixView<Float> {
    memory.append(Matrix(uninitialisedRows: rows, columns: columns))
    return memory[memory.count - 1].withMutableView { $0 }
  }
}

extension MutableMatrixView<Float> {
  /// Adds a matrix of the same shape that does not overlap.
  func add(_ source: MatrixView<Float>) {
    for row in 0..<rows { row_add(source.base + row * source.rowStride, base + row * rowStride, columns) }
  }
}
