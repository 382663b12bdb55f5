import CKernels
import Graph
import Tensors

/// A group-quantised factor with its codes packed as in the file.
struct PackedRows: StoredMatrix {
  let rows: Int
  let columns: Int
  private let scheme: QuantizationScheme
  private let packed: Tensor
  /// f32, f16 or bf16.
  private let scales: Tensor
  private let zeroPoints: Tensor?

  init(_ matrix: QuantizedMatrix) throws(TensorError) {
    rows = matrix.rows
    columns = matrix.columns
    scheme = matrix.scheme
    packed = matrix.packed
    zeroPoints = matrix.zeroPoints
    let type = matrix.scales.elementType
    scales = type == .bf16 || type == .f16 ? matrix.scales : try matrix.scales.converted(to: .f32)
  }

  private var groupSize: Int { scheme.groupSize == 0 ? columns : scheme.groupSize }
  private var groups: Int { scheme.groupCount(columns: columns) }
  /// Whether groups begin where runs of eight codes do.
  private var hasKernel: Bool { groups == 1 || groupSize % 8 == 0 }

  var needs: Operand.Needs {
    guard hasKernel else { return Operand.Needs() }
    return Operand.Needs(isInterleaved: true, groupSizes: zeroPoints == nil ? [] : [groupSize])
  }

  /// The view that the kernels take; the tensors own what it points to.
  private func withKernelMatrix(_ body: (UnsafePointer<quantized_matrix>) -> Void) {
    func start(_ tensor: Tensor) -> UnsafeRawPointer {
      UnsafeRawPointer(tensor.storage.base + tensor.byteOffset)
    }
    let kind =
      switch scales.elementType {
      case .bf16: QUANTIZED_SCALES_BF16
      case .f16: QUANTIZED_SCALES_F16
      default: QUANTIZED_SCALES_F32
      }
    var matrix = quantized_matrix(
      packed: start(packed), scales: start(scales), zeros: zeroPoints.map(start), columns: columns,
      groups: groups, group_size: groupSize, bits: UInt32(scheme.bits), scale_type: UInt32(kind))
    body(&matrix)
  }

  func decode(_ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    withKernelMatrix { matrix in
      for (index, row) in rows.enumerated() { quantized_decode_row(matrix, row, target + index * columns) }
    }
  }

  func multiply(
    _ rows: Range<Int>, _ operand: Operand, row: Int, into target: UnsafeMutablePointer<Float>
  ) {
    guard hasKernel, let x = operand.interleaved(row) else {
      return multiplyDecoded(rows, operand, row: row, into: target)
    }
    withKernelMatrix { matrix in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: quantized_scratch(matrix)) { scratch in
        quantized_matvec(
          matrix, rows.lowerBound, rows.count, x, operand.sums(row, groupSize: groupSize),
          scratch.baseAddress, target)
      }
    }
  }
}
