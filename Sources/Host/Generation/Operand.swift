import CKernels
import LinearAlgebra

/// The input of products, [T, n], with the forms of it that some kernels read, made once for all who share it.
struct Operand: Sendable {
  /// What kernels read besides the rows as they are.
  struct Needs: Sendable, Equatable {
    /// The order in which packed codes are read.
    var isInterleaved = false
    /// Widths of the groups whose sums take a zero point off.
    var groupSizes: Set<Int> = []

    mutating func formUnion(_ other: Needs) {
      isInterleaved = isInterleaved || other.isInterleaved
      groupSizes.formUnion(other.groupSizes)
    }
  }

  let view: MatrixView<Float>
  private let interleaved: Matrix<Float>?
  private let sums: [Int: Matrix<Float>]

  /// `view` must outlive the operand.
  init(_ view: MatrixView<Float>, needs: Needs = Needs()) {
    self.view = view
    let columns = view.columns
    func table(width: Int, _ fill: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void)
      -> Matrix<Float>
    {
      var result = Matrix<Float>(uninitialisedRows: view.rows, columns: width)
      result.withMutableView { target in
        for row in 0..<view.rows { fill(view.base + row * view.rowStride, target.base + row * width) }
      }
      return result
    }
    interleaved =
      needs.isInterleaved
      ? table(width: quantized_padded(columns)) { quantized_interleave($0, columns, $1) } : nil
    sums = Dictionary(
      uniqueKeysWithValues: needs.groupSizes.map { size in
        (size, table(width: (columns + size - 1) / size) { quantized_group_sums($0, columns, size, $1) })
      })
  }

  /// Row `row` as it is.
  func vector(_ row: Int) -> UnsafePointer<Float> { view.base + row * view.rowStride }

  /// Row `row` in the order of packed codes; the operand owns it.
  func interleaved(_ row: Int) -> UnsafePointer<Float>? {
    interleaved?.withView { $0.base + row * $0.rowStride }
  }

  /// The sums of row `row` over groups of `size`; the operand owns them.
  func sums(_ row: Int, groupSize size: Int) -> UnsafePointer<Float>? {
    sums[size]?.withView { $0.base + row * $0.rowStride }
  }
}
