import LinearAlgebra
import TestSupport

/// Random f32 numbers and their comparison with f64 oracles.
enum Numbers {
  static func normals(_ count: Int, seed: UInt64, deviation: Float = 1) -> [Float] {
    (try? RandomModel.normals([count], seed: seed, deviation: deviation).floats()) ?? []
  }

  static func matrix(_ rows: Int, _ columns: Int, seed: UInt64, deviation: Float = 1) -> Matrix<Float> {
    Matrix(rows: rows, columns: columns, normals(rows * columns, seed: seed, deviation: deviation))
  }

  /// The largest |a - b|; infinity when counts differ or a number is NaN.
  static func distance(_ a: [Float], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { worst, pair in
      let gap = abs(Double(pair.0) - pair.1)
      return gap.isNaN ? .infinity : max(worst, gap)
    }
  }
}
