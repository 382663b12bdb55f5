import CKernels
import Tensors

extension Matrix {
  /// A tensor of real numbers: `[rows, columns]`, or `[columns]` as one row.
  ///
  /// A tensor of this element type is shared and not copied; others are converted, rounding to nearest.
  public init(_ tensor: Tensor) throws(LinearAlgebraError) {
    guard tensor.shape.count == 1 || tensor.shape.count == 2 else {
      throw .notAMatrix(shape: tensor.shape)
    }
    guard tensor.elementType.isReal else { throw .notReal(tensor.elementType) }
    let rows = tensor.shape.count == 2 ? tensor.shape[0] : 1
    let columns = tensor.shape.count == 2 ? tensor.shape[1] : tensor.shape[0]
    let address = Int(bitPattern: tensor.storage.base) + tensor.byteOffset
    if tensor.elementType == Scalar.elementType, address % MemoryLayout<Scalar>.alignment == 0 {
      self.init(borrowing: tensor.storage, byteOffset: tensor.byteOffset, rows: rows, columns: columns)
      return
    }
    self.init(uninitialisedRows: rows, columns: columns)
    let count = elementCount
    tensor.withBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      convert(base, tensor.elementType, storage.base, Scalar.elementType, count)
    }
  }

  /// The same elements as a tensor of shape `[rows, columns]`, without a copy.
  public func tensor() -> Tensor {
    Tensor(Scalar.elementType, [rows, columns], storage: storage, byteOffset: byteOffset)
  }

  /// The same elements in another precision, rounded to nearest.
  public func converted<Other: RealScalar>(to type: Other.Type) -> Matrix<Other> {
    if Other.elementType == Scalar.elementType {
      var same = Matrix<Other>(borrowing: storage, byteOffset: byteOffset, rows: rows, columns: columns)
      same.isOwned = isOwned
      return same
    }
    let result = Matrix<Other>(uninitialisedRows: rows, columns: columns)
    withUnsafeBuffer { buffer in
      guard let base = buffer.baseAddress else { return }
      convert(base, Scalar.elementType, result.storage.base, Other.elementType, buffer.count)
    }
    return result
  }
}

/// Converts `count` real elements; `target` is f32 or f64.
private func convert(
  _ source: UnsafeRawPointer, _ from: ElementType, _ target: UnsafeMutableRawPointer, _ to: ElementType,
  _ count: Int
) {
  let singles = target.assumingMemoryBound(to: Float.self)
  let doubles = target.assumingMemoryBound(to: Double.self)
  switch (from, to) {
  case (.bf16, .f32): convert_bf16_to_f32(source, singles, count)
  case (.f16, .f32): convert_f16_to_f32(source, singles, count)
  case (.f64, .f32): convert_f64_to_f32(source, singles, count)
  case (.bf16, .f64): convert_bf16_to_f64(source, doubles, count)
  case (.f16, .f64): convert_f16_to_f64(source, doubles, count)
  case (.f32, .f64): convert_f32_to_f64(source, doubles, count)
  default: target.copyMemory(from: source, byteCount: count * to.byteCount)
  }
}
