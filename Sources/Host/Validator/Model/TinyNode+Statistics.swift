import CLathe
import LinearAlgebra
import Tensors

extension TinyNode {
  /// A statistic of the node, in the shape that lathe.h gives it; nil for a kind this host does not know.
  func statistic(_ kind: Int32, isShifted: Bool, maxRows: Int, seed: UInt64) -> (
    shape: [Int], values: [Double]
  )? {
    let x = isShifted ? shiftedInputs(seed) : inputs
    let (n, m, tokens) = (inFeatures, outFeatures, inputs.rows)
    switch Int(kind) {
    case LATHE_STAT_INPUT_GRAM: return ([n, n], x.transposed.times(x).numbers)
    case LATHE_STAT_INPUT_CROSS_GRAM:
      return ([n, n], inputs.transposed.times(shiftedInputs(seed)).numbers)
    case LATHE_STAT_INPUT_ABS_MEAN:
      let numbers = x.numbers
      return (
        [n], (0..<n).map { j in (0..<tokens).reduce(0) { $0 + abs(numbers[$1 * n + j]) } / Double(tokens) }
      )
    case LATHE_STAT_INPUT_SAMPLE:
      let rows = min(maxRows, tokens)
      return ([rows, n], Array(x.numbers.prefix(rows * n)))
    case LATHE_STAT_INPUT_STACKED_GRAM:
      let means = Self.windowMeans(x, group: max(maxRows, 1))
      return ([n, n], means.transposed.times(means).numbers)
    case LATHE_STAT_OUTPUT_GRAM:
      guard let weight = form.matrix else { return nil }
      let y = x.times(weight.transposed)
      return ([m, m], y.transposed.times(y).numbers)
    case LATHE_STAT_BLOCK_SIMILARITY: return ([1], [0.15 + 0.2 * Double(max(block, 0))])
    case LATHE_STAT_WEIGHT_GRADIENT: return ([m, n], gradient(seed).times(x).numbers)
    case LATHE_STAT_GRADIENT_SQUARED:
      let squares = { (matrix: Matrix<Double>) in
        Matrix(rows: matrix.rows, columns: matrix.columns, matrix.numbers.map { $0 * $0 })
      }
      return ([m, n], squares(gradient(seed)).times(squares(x)).numbers)
    case LATHE_STAT_OUTPUT_GRADIENT_GRAM:
      let g = gradient(seed)
      return ([m, m], g.times(g.transposed).numbers)
    default: return nil
    }
  }

  /// Token t is position t / 4 of window t % 4. The means at each position over groups of consecutive windows.
  private static func windowMeans(_ x: Matrix<Double>, group: Int) -> Matrix<Double> {
    let windows = 4
    let numbers = x.numbers
    var rows: [[Double]] = []
    for position in 0..<(x.rows + windows - 1) / windows {
      for first in stride(from: 0, to: windows, by: min(group, windows)) {
        let tokens = (first..<min(first + group, windows)).map { position * windows + $0 }.filter {
          $0 < x.rows
        }
        if tokens.isEmpty { continue }
        rows.append(
          (0..<x.columns).map { j in
            tokens.reduce(0) { $0 + numbers[$1 * x.columns + j] } / Double(tokens.count)
          })
      }
    }
    return Matrix(rows: rows.count, columns: x.columns, rows.flatMap { $0 })
  }

  /// The inputs as they come through blocks that changed a little; those of the first block do not.
  private func shiftedInputs(_ seed: UInt64) -> Matrix<Double> {
    guard block > 0 else { return inputs }
    let random = CounterRandom(seed: seed, stream: 1000 + UInt64(inputGroup))
    let noisy = inputs.numbers.enumerated().map { index, value in
      value * (1 + 0.03 * Double(random.normal(at: UInt64(index))))
    }
    return Matrix(rows: inputs.rows, columns: inputs.columns, noisy)
  }

  /// d loss / d y of every token, [out, tokens].
  private func gradient(_ seed: UInt64) -> Matrix<Double> {
    let random = CounterRandom(seed: seed, stream: 2000 + UInt64(name.utf8.count) + UInt64(inputGroup) * 31)
    return Matrix(rows: outFeatures, columns: inputs.rows) { i, j in
      1e-2 * Double(random.normal(at: UInt64(i * inputs.rows + j)))
    }
  }

  /// `||X (W - W')^T|| / ||X W^T||` of a replacement; 0 where the layer's outputs are all zero.
  func relativeError(of replacement: Matrix<Double>) -> Double {
    guard let weight = form.matrix else { return 0 }
    let exact = inputs.times(weight.transposed)
    let norm = exact.dot(exact).squareRoot()
    guard norm > 0 else { return 0 }
    let difference = inputs.times(weight.plus(replacement, times: -1).transposed)
    return difference.dot(difference).squareRoot() / norm
  }
}
