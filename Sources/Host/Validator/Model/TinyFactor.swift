import CLathe
import LinearAlgebra
import Tensors

/// A matrix of a form as the checking host keeps it: plain numbers, however it is stored.
struct TinyFactor: Sendable {
  var storage: Int32
  var rows: Int
  var columns: Int
  /// Elements or codes, row after row; empty for a shape. A kind this host does not know has none.
  var values: [Double] = []
  var scales: [Double] = []
  var zeros: [Double]?
  /// The numbers that codes stand for, `2^bits`.
  var table: [Double]?
  var bits = 0
  var groupSize = 0
  /// How dense values or scales are stored.
  var type: ElementType
  var hasZeros = false

  init(dense matrix: Matrix<Double>, type: ElementType) {
    storage = Int32(LATHE_MATRIX_DENSE)
    (rows, columns, self.type) = (matrix.rows, matrix.columns, type)
    values = matrix.numbers.map { type.rounding($0) }
  }

  init(storage: Int32, rows: Int, columns: Int, type: ElementType) {
    (self.storage, self.rows, self.columns, self.type) = (storage, rows, columns, type)
  }

  /// `matrix` rounded to codes of `bits`, symmetric, in groups along the rows.
  static func quantized(_ matrix: Matrix<Double>, bits: Int, groupSize: Int, type: ElementType) -> TinyFactor
  {
    var factor = TinyFactor(
      storage: Int32(LATHE_MATRIX_GROUP_QUANTIZED), rows: matrix.rows, columns: matrix.columns, type: type)
    (factor.bits, factor.groupSize) = (bits, groupSize)
    let middle = Double(1 << (bits - 1))
    let numbers = matrix.numbers
    for row in 0..<matrix.rows {
      for start in stride(from: 0, to: matrix.columns, by: factor.width) {
        let range = start..<min(start + factor.width, matrix.columns)
        let largest = range.map { abs(numbers[row * matrix.columns + $0]) }.max() ?? 0
        let scale = type.rounding(largest == 0 ? 1 : largest / (middle - 1))
        factor.scales.append(scale)
        for column in range {
          factor.values.append((numbers[row * matrix.columns + column] / scale).rounded() + middle)
        }
      }
    }
    return factor
  }

  /// Whether its values are codes.
  var isQuantized: Bool { storage == Int32(LATHE_MATRIX_GROUP_QUANTIZED) || isTable }
  var isTable: Bool { storage == Int32(LATHE_MATRIX_CODEBOOK) }
  var isDiagonal: Bool { storage == Int32(LATHE_MATRIX_DIAGONAL) }
  private var width: Int { groupSize == 0 ? max(columns, 1) : groupSize }
  var groups: Int { (columns + width - 1) / width }

  /// The matrix it stands for; nil without values or for an unknown kind.
  var matrix: Matrix<Double>? {
    switch Int(storage) {
    case LATHE_MATRIX_DENSE where values.count == rows * columns:
      return Matrix(rows: rows, columns: columns, values)
    case LATHE_MATRIX_DIAGONAL where values.count == rows:
      return Matrix(rows: rows, columns: rows) { $0 == $1 ? values[$0] : 0 }
    case LATHE_MATRIX_GROUP_QUANTIZED
    where values.count == rows * columns && scales.count == rows * groups:
      return Matrix(rows: rows, columns: columns) { i, j in
        let group = i * groups + j / width
        let zero = zeros.map { group < $0.count ? $0[group] : 0 } ?? Double(1 << (bits - 1))
        return scales[group] * (values[i * columns + j] - zero)
      }
    case LATHE_MATRIX_CODEBOOK
    where values.count == rows * columns && scales.count == rows * groups && table?.count == 1 << bits:
      return Matrix(rows: rows, columns: columns) { i, j in
        scales[i * groups + j / width] * (table?[min(Int(values[i * columns + j]), 1 << bits - 1)] ?? 0)
      }
    default: return nil
    }
  }

  /// Bytes in a checkpoint.
  var byteCount: Int {
    switch Int(storage) {
    case LATHE_MATRIX_DIAGONAL: rows * type.byteCount
    case LATHE_MATRIX_GROUP_QUANTIZED:
      rows * (columns * bits + 31) / 32 * 4 + rows * groups * type.byteCount
        + (hasZeros ? (rows * groups * bits + 7) / 8 : 0)
    case LATHE_MATRIX_CODEBOOK:
      rows * (columns * bits + 31) / 32 * 4 + rows * groups * type.byteCount + 4 << bits
    default: rows * columns * type.byteCount
    }
  }
}

/// Terms of factors, in the order in which they meet the input.
typealias TinyForm = [[TinyFactor]]

extension TinyForm {
  var byteCount: Int { joined().reduce(0) { $0 + $1.byteCount } }

  /// The most that the rank can be; nil where a factor is stored as codes, which lose by rounding as well.
  var rank: Int? {
    if joined().contains(where: \.isQuantized) { return nil }
    return map { term in term.map { Swift.min($0.rows, $0.columns) }.min() ?? 0 }.reduce(0, +)
  }

  /// The sum of the products; nil where values are missing or do not chain.
  var matrix: Matrix<Double>? {
    var sum: Matrix<Double>?
    for term in self {
      var product: Matrix<Double>?
      for factor in term {
        guard let next = factor.matrix, product.map({ $0.rows == next.columns }) ?? true else { return nil }
        product = product.map { next.times($0) } ?? next
      }
      guard let product, sum.map({ $0.rows == product.rows && $0.columns == product.columns }) ?? true
      else { return nil }
      sum = sum.map { $0.plus(product) } ?? product
    }
    return sum
  }
}
