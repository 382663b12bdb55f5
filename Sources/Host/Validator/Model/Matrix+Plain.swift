import LinearAlgebra
import Tensors

extension Matrix<Double> {
  /// The elements, row after row.
  var numbers: [Double] { withUnsafeBuffer { Array($0) } }

  var transposed: Matrix {
    withView { view in Matrix(rows: columns, columns: rows) { view[$1, $0] } }
  }

  /// The product; shapes have been compared by the caller.
  func times(_ right: Matrix) -> Matrix {
    precondition(columns == right.rows, "the shapes do not fit")
    var result = Matrix(rows: rows, columns: right.columns)
    do {
      try gemm(self, right, beta: 0, into: &result, workers: .serial)
    } catch {
      // Too large for BLAS: then it is not one of the tiny models.
      preconditionFailure("\(error)")
    }
    return result
  }

  func plus(_ right: Matrix, times factor: Double = 1) -> Matrix {
    Matrix(rows: rows, columns: columns, zip(numbers, right.numbers).map { $0 + factor * $1 })
  }

  func scaled(by factor: Double) -> Matrix {
    Matrix(rows: rows, columns: columns, numbers.map { $0 * factor })
  }

  /// The nearest matrix of this rank in the Frobenius norm (Eckart and Young).
  func truncated(to rank: Int) throws(LinearAlgebraError) -> Matrix {
    let all = try svd(self, workers: .serial)
    let u = all.u.withView { view in Matrix(rows: rows, columns: rank) { view[$0, $1] * all.values[$1] } }
    return u.times(all.vt.withView { view in Matrix(rows: rank, columns: columns) { view[$0, $1] } })
  }

  /// Sum of the products of elements.
  func dot(_ right: Matrix) -> Double { zip(numbers, right.numbers).reduce(0) { $0 + $1.0 * $1.1 } }
}

extension ElementType {
  /// `value` as this type stores it.
  func rounding(_ value: Double) -> Double {
    switch self {
    case .f32: Double(Float(value))
    case .f16: Double(Float16(value))
    case .bf16: Double(BFloat16.float(BFloat16.bits(Float(value))))
    default: value
    }
  }
}
