import LinearAlgebra
import Tensors

/// Slow, clear versions and the matrices they are tried on.
enum Oracle {
  /// Standard normal elements, the same for the same arguments.
  static func normal<Scalar: RealScalar>(
    _ type: Scalar.Type = Scalar.self, _ rows: Int, _ columns: Int, seed: UInt64 = 1
  ) -> Matrix<Scalar> {
    let random = CounterRandom(seed: seed)
    return Matrix(rows: rows, columns: columns) { Scalar(random.normal(at: UInt64($0 * columns + $1))) }
  }

  /// op(A) op(B) in f64, by the definition.
  static func product<Scalar: RealScalar>(
    _ a: Matrix<Scalar>, _ transposeA: Bool = false, _ b: Matrix<Scalar>, _ transposeB: Bool = false
  ) -> Matrix<Double> {
    let left = transposeA ? a.transposed() : a
    let right = transposeB ? b : b.transposed()
    let rows = (0..<left.rows).map { left.row($0).map(Double.init) }
    let columns = (0..<right.rows).map { right.row($0).map(Double.init) }
    return Matrix(rows: rows.count, columns: columns.count) { i, j in
      rows[i].withUnsafeBufferPointer { x in
        columns[j].withUnsafeBufferPointer { y in
          var sum = 0.0
          var l = 0
          while l < x.count {
            sum += x[l] * y[l]
            l += 1
          }
          return sum
        }
      }
    }
  }

  /// The largest |a - b| over all elements; infinite for different shapes.
  static func distance<A: RealScalar, B: RealScalar>(_ a: Matrix<A>, _ b: Matrix<B>) -> Double {
    guard a.rows == b.rows, a.columns == b.columns else { return .infinity }
    return zip(a.elements, b.elements).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
  }

  /// How far the columns of a matrix are from orthonormal.
  static func orthonormalityDefect<Scalar: RealScalar>(_ q: Matrix<Scalar>) -> Double {
    distance(product(q, true, q), Matrix<Double>.identity(q.columns))
  }

  /// A with its columns multiplied by `factors`.
  static func scaled<Scalar: RealScalar>(_ a: Matrix<Scalar>, columns factors: [Scalar]) -> Matrix<Scalar> {
    Matrix(rows: a.rows, columns: a.columns) { a[$0, $1] * factors[$1] }
  }

  /// Whether the entry of largest magnitude in each column is positive.
  static func obeysSignRule<Scalar: RealScalar>(_ u: Matrix<Scalar>) -> Bool {
    (0..<u.columns).allSatisfy { j in
      let column = (0..<u.rows).map { u[$0, j] }
      let largest = column.map(\.magnitude).max() ?? 0
      return (column.first { $0.magnitude == largest } ?? 0) >= 0
    }
  }

  /// A matrix with prescribed singular values and random singular vectors.
  static func withSpectrum(_ rows: Int, _ columns: Int, _ values: [Double], seed: UInt64 = 1) throws
    -> Matrix<Double>
  {
    let left = try qr(normal(Double.self, rows, values.count, seed: seed)).q
    let right = try qr(normal(Double.self, columns, values.count, seed: seed + 1)).q
    return try gemm(scaled(left, columns: values), right, transposeB: true, workers: .serial)
  }

  /// The same operation with several thread counts.
  static let threadCounts = [1, 2, 5]
}
