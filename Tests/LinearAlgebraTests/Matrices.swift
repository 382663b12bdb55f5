import LinearAlgebra
import Tensors

extension Matrix {
  /// Independent normal elements, a function of the seed.
  static func random(_ rows: Int, _ columns: Int, seed: UInt64 = 1) -> Matrix {
    let random = CounterRandom(seed: seed)
    return Matrix(rows: rows, columns: columns) { i, j in
      let (a, b) = (UInt64(2 * (i * columns + j)), UInt64(2 * (i * columns + j) + 1))
      return Scalar(Double(random.normal(at: a)) + 0x1p-26 * Double(random.normal(at: b)))
    }
  }

  /// A symmetric random matrix.
  static func randomSymmetric(_ order: Int, seed: UInt64 = 1) -> Matrix {
    let a = random(order, order, seed: seed)
    return Matrix(rows: order, columns: order) { i, j in a[max(i, j), min(i, j)] }
  }

  var wide: Matrix<Double> { converted(to: Double.self) }
}

extension Matrix<Double> {
  /// The textbook product, in the order of the index.
  static func naiveProduct(_ a: Matrix, _ b: Matrix) -> Matrix {
    let (left, right) = (a.elements, b.elements)
    var sums = [Double](repeating: 0, count: a.rows * b.columns)
    for i in 0..<a.rows {
      for p in 0..<a.columns {
        let factor = left[i * a.columns + p]
        for j in 0..<b.columns { sums[i * b.columns + j] += factor * right[p * b.columns + j] }
      }
    }
    return Matrix(rows: a.rows, columns: b.columns, sums)
  }

  static func - (left: Matrix, right: Matrix) -> Matrix {
    Matrix(rows: left.rows, columns: left.columns, zip(left.elements, right.elements).map { $0 - $1 })
  }

  /// Columns times numbers.
  func scaledColumns(_ factors: [Double]) -> Matrix {
    Matrix(rows: rows, columns: columns) { self[$0, $1] * factors[$1] }
  }

  var norm: Double { frobeniusNormSquared.squareRoot() }

  /// |A^T A - I|_F: how far the columns are from orthonormal.
  var departureFromOrthonormality: Double {
    (Self.naiveProduct(transposed(), self) - .identity(columns)).norm
  }

  /// Whether in every column the first entry of largest magnitude is positive.
  var obeysSignRule: Bool {
    (0..<columns).allSatisfy { j in
      var largest = 0.0
      for i in 0..<rows where abs(self[i, j]) > abs(largest) { largest = self[i, j] }
      return largest > 0
    }
  }

  /// A matrix with the given singular values between random orthonormal factors.
  static func withSingularValues(_ values: [Double], rows: Int, columns: Int, seed: UInt64) throws -> Matrix {
    let left = try qr(Matrix.random(rows, values.count, seed: seed)).q
    let right = try qr(Matrix.random(columns, values.count, seed: seed + 1)).q
    return try gemm(left.scaledColumns(values), right, transposeB: true, workers: .serial)
  }
}

/// The unit roundoff.
func unit<Scalar: RealScalar>(_ type: Scalar.Type) -> Double { Double(Scalar.ulpOfOne) / 2 }

/// The bytes of a matrix, for comparisons that tell 0 from -0.
func bytes<Scalar: RealScalar>(_ matrix: Matrix<Scalar>) -> [UInt8] {
  matrix.withUnsafeBuffer { Array(UnsafeRawBufferPointer($0)) }
}

/// The error that `body` throws; nil when it throws none.
func failure(_ body: () throws(LinearAlgebraError) -> Void) -> LinearAlgebraError? {
  do throws(LinearAlgebraError) {
    try body()
    return nil
  } catch {
    return error
  }
}
