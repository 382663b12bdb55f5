import CKernels

/// Rows of f32 taken a chunk at a time and widened to f64 in one reused buffer.
struct RowChunks {
  /// Rows per chunk: enough to feed a product, few enough that 11008 columns stay below 100 MB.
  static let length = 1024

  private let rows: Int
  private var buffer: Matrix<Double>

  init(columns: Int, rows: Int) {
    self.rows = rows
    buffer = Matrix(uninitialisedRows: min(rows, Self.length), columns: columns)
  }

  var ranges: [Range<Int>] {
    stride(from: 0, to: rows, by: Self.length).map { $0..<min($0 + Self.length, rows) }
  }

  /// The rows of `view` in f64, until the next call.
  mutating func widen(_ view: MatrixView<Float>, workers: Workers) -> MatrixView<Double> {
    let pieces = 16
    return buffer.withMutableView { buffer in
      let target = buffer.rows(0..<view.rows)
      workers.forEach(count: (view.rows + pieces - 1) / pieces) { piece in
        for row in piece * pieces..<min((piece + 1) * pieces, view.rows) {
          convert_f32_to_f64(
            view.base + row * view.rowStride, target.base + row * target.rowStride, view.columns)
        }
      }
      return target.readable
    }
  }
}
