import LinearAlgebra
import Tensors

/// S = sum over tokens of m m^T, where m is the mean input at one position over a group of consecutive windows.
///
/// The "stack of batches" of arXiv 2502.01403: a group of g windows of T tokens counts as one
/// window of T means. S: [n, n]; the last group may be smaller. Means are made in f64 and rounded to f32. One
/// group's means are held at a time, whatever g is.
struct StackedGram {
  /// g, the windows that are averaged.
  let group: Int
  /// T, the tokens of a window.
  let windowRows: Int
  private var sums: [Double]
  private var filled = 0
  private var gram: GramAccumulator

  init(dimension: Int, group: Int, windowRows: Int) {
    self.group = max(group, 1)
    self.windowRows = windowRows
    sums = [Double](repeating: 0, count: windowRows * dimension)
    gram = GramAccumulator(dimension: dimension)
  }

  /// Adds whole windows, `[windows * T, n]`.
  mutating func add(_ rows: MatrixView<Float>, workers: Workers) throws(LinearAlgebraError) {
    for first in stride(from: 0, to: rows.rows, by: max(windowRows, 1)) {
      for row in 0..<windowRows {
        let start = row * rows.columns
        for column in 0..<rows.columns { sums[start + column] += Double(rows[first + row, column]) }
      }
      filled += 1
      if filled == group { try close(workers) }
    }
  }

  /// S with the group that is not full.
  func value(workers: Workers) throws(LinearAlgebraError) -> Matrix<Double> {
    var whole = self
    if filled > 0 { try whole.close(workers) }
    return whole.gram.gram(workers: workers)
  }

  private mutating func close(_ workers: Workers) throws(LinearAlgebraError) {
    let columns = gram.dimension
    var means = Matrix<Float>(rows: windowRows, columns: columns)
    let scale = 1 / Double(filled)
    means.withMutableView { means in
      for row in 0..<windowRows {
        for column in 0..<columns { means[row, column] = Float(sums[row * columns + column] * scale) }
      }
    }
    try gram.add(rows: means, workers: workers)
    for index in sums.indices { sums[index] = 0 }
    filled = 0
  }
}
