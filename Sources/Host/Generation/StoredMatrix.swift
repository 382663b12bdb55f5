import CKernels
import LinearAlgebra

/// One factor of a linear layer in its stored form, multiplied a few rows at a time and never expanded as a whole.
///
/// F: [rows, columns]. A kind of storage needs `decode`; `multiply` has a form that decodes row by row, which a kind
/// with a kernel of its own replaces.
protocol StoredMatrix: Sendable {
  var rows: Int { get }
  var columns: Int { get }
  /// The forms of its input that `multiply` reads.
  var needs: Operand.Needs { get }
  /// Whether a product with many vectors is done one by one, as of a diagonal.
  var multipliesRowByRow: Bool { get }

  /// Writes the given rows of F as f32, row-major.
  func decode(_ rows: Range<Int>, into target: UnsafeMutablePointer<Float>)
  /// target[i] = sum over c of F[rows[i], c] * x[c], x row `row` of the operand.
  func multiply(
    _ rows: Range<Int>, _ operand: Operand, row: Int, into target: UnsafeMutablePointer<Float>)
}

extension StoredMatrix {
  var needs: Operand.Needs { Operand.Needs() }
  var multipliesRowByRow: Bool { false }

  func multiply(
    _ rows: Range<Int>, _ operand: Operand, row: Int, into target: UnsafeMutablePointer<Float>
  ) {
    multiplyDecoded(rows, operand, row: row, into: target)
  }

  /// The product by way of `decode`, one row in f32 at a time.
  func multiplyDecoded(
    _ rows: Range<Int>, _ operand: Operand, row: Int, into target: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { decoded in
      guard let base = decoded.baseAddress else { return }
      for (index, own) in rows.enumerated() {
        decode(own..<own + 1, into: base)
        matvec_f32(base, operand.vector(row), target + index, 1, columns)
      }
    }
  }
}
