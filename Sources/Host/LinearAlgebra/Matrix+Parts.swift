import COpenBLAS

extension Matrix {
  /// A copy with rows and columns exchanged.
  public func transposed() -> Matrix {
    var result = Matrix(uninitialisedRows: columns, columns: rows)
    result.withMutableView { target in withView { $0.transpose(into: target) } }
    return result
  }

  /// A copy of some rows.
  public func rows(_ range: Range<Int>) -> Matrix { withView { Matrix($0.rows(range)) } }

  /// A copy of some columns.
  public func columns(_ range: Range<Int>) -> Matrix {
    withView { Matrix($0.part(rows: 0..<rows, columns: range)) }
  }

  /// One row.
  public func row(_ index: Int) -> [Scalar] {
    withUnsafeBuffer { Array($0[index * columns..<(index + 1) * columns]) }
  }

  /// All elements in row-major order.
  public var elements: [Scalar] { withUnsafeBuffer { Array($0) } }

  /// The elements (i, i).
  public var diagonal: [Scalar] { withView { view in (0..<min(rows, columns)).map { view[$0, $0] } } }

  /// The sum of the squares of all elements, added in f64.
  public var frobeniusNormSquared: Double {
    withUnsafeBuffer { buffer in
      buffer.baseAddress.map { Scalar.routines.sumOfSquares($0, buffer.count) } ?? 0
    }
  }

  /// Whether no element is NaN or infinite.
  public var isFinite: Bool { withView { $0.nonFiniteCount == 0 } }
}

extension MatrixView {
  /// Writes the transpose to `target`, which does not overlap.
  public func transpose(into target: MutableMatrixView<Scalar>) {
    precondition(target.rows == columns && target.columns == rows, "shapes differ")
    // Blocks small enough for the nearest cache; a naive loop misses it once per element.
    let edge = 32
    for top in stride(from: 0, to: rows, by: edge) {
      let height = min(edge, rows - top)
      for left in stride(from: 0, to: columns, by: edge) {
        let width = min(edge, columns - left)
        Scalar.routines.transpose(
          CblasRowMajor, CblasTrans, Int32(height), Int32(width), 1, base + top * rowStride + left,
          Int32(truncatingIfNeeded: rowStride), target.base + left * target.rowStride + top,
          Int32(truncatingIfNeeded: target.rowStride))
      }
    }
  }
}
