import Graph
import Tensors

/// The codes of a quantised matrix by row, centred: `w = scale * (code - zero)`.
struct CodeRows: Sendable {
  let columns: Int
  private let codes: [UInt8]
  private let zeros: [UInt8]
  private let scales: [Float]
  private let groups: Int
  private let width: Int

  /// Unpacks the codes, a byte each.
  init(_ matrix: QuantizedMatrix) throws(TensorError) {
    columns = matrix.columns
    codes = matrix.codes()
    zeros = matrix.zeroCodes()
    scales = try matrix.scales.floats()
    groups = matrix.scheme.groupCount(columns: matrix.columns)
    width = matrix.scheme.groupSize == 0 ? matrix.columns : matrix.scheme.groupSize
  }

  /// Whether every scale is an f16 number.
  var hasHalfScales: Bool { scales.allSatisfy { Float(Float16($0)) == $0 } }

  /// Writes the values of a row.
  func copyFloats(row: Int, to target: UnsafeMutablePointer<Float>) {
    for group in 0..<groups {
      let scale = scales[row * groups + group]
      let zero = Int32(zeros[row * groups + group])
      for column in group * width..<min(columns, (group + 1) * width) {
        target[column] = scale * Float(Int32(codes[row * columns + column]) - zero)
      }
    }
  }

  /// Writes a row as blocks that hold scale and codes as they are: groups are whole numbers of blocks.
  func pack<Codec: SymmetricBlockCodec>(row: Int, as codec: Codec.Type, to target: UnsafeMutableRawPointer) {
    withUnsafeTemporaryAllocation(of: Int8.self, capacity: codec.length) { block in
      guard let start = block.baseAddress else { return }
      for index in 0..<columns / codec.length {
        let group = row * groups + index * codec.length / width
        let first = row * columns + index * codec.length
        for i in 0..<codec.length {
          start[i] = Int8(truncatingIfNeeded: Int32(codes[first + i]) - Int32(zeros[group]))
        }
        codec.pack(scale: scales[group], codes: start, to: target + index * codec.byteCount)
      }
    }
  }
}
