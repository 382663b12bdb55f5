import Graph
import Tensors

/// A factor of codes that look numbers up in a table, with its codes packed as in the file.
///
/// `F[i, j] = scale[i, j / groupSize] * codebook[code[i, j]]`.
struct CodebookRows: StoredMatrix {
  let rows: Int
  let columns: Int
  private let bits: Int
  private let groupSize: Int
  private let groups: Int
  private let packed: Tensor
  private let scales: [Float]
  private let codebook: [Float]

  init(_ matrix: CodebookMatrix) throws(TensorError) {
    rows = matrix.rows
    columns = matrix.columns
    bits = matrix.scheme.bits
    groupSize = matrix.scheme.groupSize == 0 ? max(matrix.columns, 1) : matrix.scheme.groupSize
    groups = matrix.scheme.groupCount(columns: matrix.columns)
    packed = matrix.packed
    scales = try matrix.scales.floats()
    codebook = try matrix.codebook.floats()
  }

  func decode(_ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    let words = (columns * bits + 31) / 32
    let mask = UInt64(1) << UInt64(bits) - 1
    packed.withBytes { bytes in
      for (index, row) in rows.enumerated() {
        let start = row * words
        func word(_ i: Int) -> UInt64 {
          guard i < words else { return 0 }
          return UInt64(bytes.loadUnaligned(fromByteOffset: 4 * (start + i), as: UInt32.self).littleEndian)
        }
        for column in 0..<columns {
          let bit = column * bits
          let pair = word(bit / 32) | word(bit / 32 + 1) << 32
          let code = Int(pair >> UInt64(bit % 32) & mask)
          target[index * columns + column] = scales[row * groups + column / groupSize] * codebook[code]
        }
      }
    }
  }
}
