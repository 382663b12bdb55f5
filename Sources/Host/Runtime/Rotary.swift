import CKernels
import Glibc
import Graph
import LinearAlgebra

/// Cosines and sines of rotary positions 0 ..< length, shared by all blocks and all sequences of that length.
///
/// With a the angle of pair i at position p, and h half the rotated dimensions of a head x:
///
///     y[i] = x[i] cos a - x[i + h] sin a,   y[i + h] = x[i + h] cos a + x[i] sin a,   i < h
///
/// Dimensions from 2 h on are not rotated. Source: arXiv 2104.09864, equation 34, with halves in the place of
/// neighbours, as in the checkpoints of Hugging Face.
public struct RotaryTable: Sendable {
  /// Leading dimensions of each head that are rotated, 2 h.
  public let dimensions: Int
  public let length: Int
  /// [length, h].
  private let cosines: Matrix<Float>
  private let sines: Matrix<Float>

  /// The table for sequences of `length` tokens; dynamic scaling depends on the length.
  public init(_ configuration: RotaryConfiguration, length: Int) {
    dimensions = configuration.dimensions / 2 * 2
    self.length = length
    let frequencies = configuration.frequencies(length: length)
    let scale = configuration.attentionScale
    // The product is rounded to f32 before the cosine is taken: the models were trained with that rounding,
    // which at position 1000 moves an angle by 3e-5.
    func entry(_ position: Int, _ pair: Int, _ function: (Double) -> Double) -> Float {
      Float(function(Double(Float(position) * frequencies[pair]))) * scale
    }
    cosines = Matrix(rows: length, columns: frequencies.count) { entry($0, $1, cos) }
    sines = Matrix(rows: length, columns: frequencies.count) { entry($0, $1, sin) }
  }

  /// Rotates every head of x: [T, heads * headDimension] in place, row t at position t.
  public func forward(_ x: MutableMatrixView<Float>, headDimension: Int) {
    forEachHead(x, headDimension: headDimension, row_rotate)
  }

  /// Calls `rotate` with every head, its row's cosines and sines, and h.
  func forEachHead(
    _ x: MutableMatrixView<Float>, headDimension: Int,
    _ rotate: (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int) -> Void
  ) {
    precondition(x.rows <= length, "more rows than the table has positions")
    precondition(headDimension >= dimensions && x.columns % headDimension == 0, "not whole heads")
    let half = dimensions / 2
    cosines.withView { cosines in
      sines.withView { sines in
        for row in 0..<x.rows {
          for start in stride(from: 0, to: x.columns, by: headDimension) {
            rotate(
              x.base + row * x.rowStride + start, cosines.base + row * half, sines.base + row * half, half)
          }
        }
      }
    }
  }
}
