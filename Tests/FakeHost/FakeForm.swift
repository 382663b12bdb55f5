import CLathe

/// A factor as the fake host keeps it.
public struct FakeFactor: Sendable, Equatable {
  public enum Storage: Sendable, Equatable {
    case dense, diagonal
    case quantized(bits: Int, groupSize: Int)
    case codebook(bits: Int, groupSize: Int)
  }

  public var storage: Storage
  public var rows: Int
  public var columns: Int
  /// Elements or codes; empty for a shape.
  public var values: [Double]
  public var scales: [Double] = []
  public var zeros: [Double]?
  /// Of a shape without values.
  public var hasZeros = false
  public var codebook: [Double] = []

  public init(_ matrix: Matrix) {
    (storage, rows, columns, values) = (.dense, matrix.rows, matrix.columns, matrix.values)
  }

  init(_ matrix: lathe_matrix) {
    rows = Int(matrix.rows)
    columns = Int(matrix.columns)
    storage =
      switch Int(matrix.storage) {
      case LATHE_MATRIX_DENSE: .dense
      case LATHE_MATRIX_DIAGONAL: .diagonal
      case LATHE_MATRIX_CODEBOOK: .codebook(bits: Int(matrix.bits), groupSize: Int(matrix.group_size))
      default: .quantized(bits: Int(matrix.bits), groupSize: Int(matrix.group_size))
      }
    values = matrix.values.map { FakeTensor.read($0) } ?? []
    scales = matrix.scales.map { FakeTensor.read($0) } ?? []
    zeros = matrix.zero_points.map { FakeTensor.read($0) }
    codebook = matrix.codebook.map { FakeTensor.read($0) } ?? []
    hasZeros = zeros != nil || matrix.flags & UInt32(LATHE_MATRIX_ZERO_POINTS) != 0
  }

  /// The matrix it stands for.
  public var matrix: Matrix {
    switch storage {
    case .dense: return Matrix(rows, columns, values)
    case .diagonal: return Matrix(rows, rows) { $0 == $1 ? values[$0] : 0 }
    case .quantized(let bits, let groupSize):
      let width = groupSize == 0 ? columns : groupSize
      let groups = (columns + width - 1) / width
      return Matrix(rows, columns) { i, j in
        let group = i * groups + j / width
        return scales[group] * (values[i * columns + j] - (zeros?[group] ?? Double(1 << (bits - 1))))
      }
    case .codebook(_, let groupSize):
      let width = groupSize == 0 ? columns : groupSize
      let groups = (columns + width - 1) / width
      return Matrix(rows, columns) { i, j in
        scales[i * groups + j / width] * codebook[Int(values[i * columns + j])]
      }
    }
  }

  /// Bytes with dense elements of `bytes` each.
  func cost(_ bytes: Int) -> Int {
    switch storage {
    case .dense: return rows * columns * bytes
    case .diagonal: return rows * bytes
    case .quantized(let bits, let groupSize):
      let groups = groupSize == 0 ? 1 : (columns + groupSize - 1) / groupSize
      return rows * ((columns * bits + 31) / 32 * 4 + groups * bytes)
        + (hasZeros ? rows * groups * bits / 8 : 0)
    case .codebook(let bits, let groupSize):
      let groups = groupSize == 0 ? 1 : (columns + groupSize - 1) / groupSize
      return rows * ((columns * bits + 31) / 32 * 4 + groups * bytes) + 4 << bits
    }
  }
}

/// Terms of factors, in the order in which they meet the input.
public typealias FakeForm = [[FakeFactor]]

extension FakeForm {
  init(_ linear: lathe_linear) {
    self = (0..<Int(linear.term_count)).map { t in
      guard let term = linear.terms[t] else { return [] }
      return (0..<Int(term.pointee.factor_count)).compactMap { f in
        term.pointee.factors[f].map { FakeFactor($0.pointee) }
      }
    }
  }

  /// The sum of the products.
  public var matrix: Matrix {
    let products = map { term in
      term.dropFirst().reduce(term[0].matrix) { $1.matrix * $0 }
    }
    return products.dropFirst().reduce(products[0], +)
  }

  func cost(_ bytes: Int) -> Int { joined().reduce(0) { $0 + $1.cost(bytes) } }
}
