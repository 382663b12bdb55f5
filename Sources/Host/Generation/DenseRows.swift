import CKernels
import Tensors

/// A dense factor in the element type of its file.
struct DenseRows: StoredMatrix {
  private let values: Tensor
  var rows: Int { values.shape[0] }
  var columns: Int { values.shape[1] }

  /// `values`: [rows, columns] of real elements.
  init(_ values: Tensor) { self.values = values }

  private func start(_ row: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(values.storage.base + values.byteOffset + row * columns * values.elementType.byteCount)
  }

  func decode(_ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    let (source, count) = (start(rows.lowerBound), rows.count * columns)
    switch values.elementType {
    case .bf16: convert_bf16_to_f32(source, target, count)
    case .f16: convert_f16_to_f32(source, target, count)
    case .f64: convert_f64_to_f32(source, target, count)
    default: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 4 * count)
    }
  }

  func multiply(
    _ rows: Range<Int>, _ operand: Operand, row: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let (source, x) = (start(rows.lowerBound), operand.vector(row))
    switch values.elementType {
    case .bf16: matvec_bf16(source, x, target, rows.count, columns)
    case .f16: matvec_f16(source, x, target, rows.count, columns)
    case .f32: matvec_f32(source, x, target, rows.count, columns)
    default: multiplyDecoded(rows, operand, row: row, into: target)
    }
  }
}

/// A diagonal factor.
struct DiagonalRows: StoredMatrix {
  let values: [Float]
  var rows: Int { values.count }
  var columns: Int { values.count }
  var multipliesRowByRow: Bool { true }

  func decode(_ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    target.update(repeating: 0, count: rows.count * columns)
    for (index, row) in rows.enumerated() { target[index * columns + row] = values[row] }
  }

  func multiply(
    _ rows: Range<Int>, _ operand: Operand, row: Int, into target: UnsafeMutablePointer<Float>
  ) {
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      row_multiply(operand.vector(row) + rows.lowerBound, base + rows.lowerBound, target, rows.count)
    }
  }
}
