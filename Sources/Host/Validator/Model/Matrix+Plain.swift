import LinearAlgebra
import Tensors

// Slow and plain, since it is the measure.
extension Matrix<Double> {
  /// The elements, row after row.
  var numbers: [Double] { withUnsafeBuffer { Array($0) } }

  var transposed: Matrix {
    withView { view in Matrix(rows: columns, columns: rows) { view[$1, $0] } }
  }

  func times(_ right: Matrix) -> Matrix {
    let (a, b) = (numbers, right.numbers)
    var result = [Double](repeating: 0, count: rows * right.columns)
    for i in 0..<rows {
      for k in 0..<columns where a[i * columns + k] != 0 {
        let factor = a[i * columns + k]
        for j in 0..<right.columns { result[i * right.columns + j] += factor * b[k * right.columns + j] }
      }
    }
    return Matrix(rows: rows, columns: right.columns, result)
  }

  func plus(_ right: Matrix, times factor: Double = 1) -> Matrix {
    Matrix(rows: rows, columns: columns, zip(numbers, right.numbers).map { $0 + factor * $1 })
  }

  func scaled(by factor: Double) -> Matrix { Matrix(rows: rows, columns: columns, numbers.map { $0 * factor }) }

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
