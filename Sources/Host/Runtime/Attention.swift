import CKernels
import LinearAlgebra

/// Causal attention with grouped queries and an optional sliding window, for one sequence.
///
///     P = softmax over the visible positions of Q K^T / sqrt(d),   heads = P V
///
/// Q, heads: [T, H d], K, V: [T, G d]; query head h reads key and value head h / (H / G). The query at position
/// t sees positions s with t - window < s <= t. Scores exist for `queryRows` queries of one head at a time.
public struct Attention: Sendable {
  public let headCount: Int
  public let keyValueHeadCount: Int
  public let headDimension: Int
  /// Positions a query sees, itself included; nil means all up to it.
  public let window: Int?

  /// Queries handled at once: enough for gemm to be efficient, few enough that little is computed above the
  /// diagonal and that the scores of a long sequence stay small.
  static let queryRows = 128

  public init(headCount: Int, keyValueHeadCount: Int, headDimension: Int, window: Int?) {
    self.headCount = headCount
    self.keyValueHeadCount = keyValueHeadCount
    self.headDimension = headDimension
    self.window = window
  }

  /// The positions that the query at `position` sees.
  public func visible(from position: Int) -> Range<Int> {
    (window.map { max(0, position - max($0, 1) + 1) } ?? 0)..<position + 1
  }

  public func forward(
    queries: MatrixView<Float>, keys: MatrixView<Float>, values: MatrixView<Float>,
    into heads: MutableMatrixView<Float>
  ) throws(RuntimeError) {
    let length = queries.rows
    guard length > 0 else { return }
    let rows = min(Self.queryRows, length)
    var scores = Matrix<Float>(
      uninitialisedRows: rows, columns: min(length, window.map { max($0, 1) + rows } ?? length))
    try scores.withMutableView { (scores) throws(RuntimeError) in
      for head in 0..<headCount {
        let shared = head / (headCount / keyValueHeadCount)
        let own = columns(head)
        for start in stride(from: 0, to: length, by: rows) {
          let block = start..<min(start + rows, length)
          let seen = visible(from: start).lowerBound..<block.upperBound
          let part = MutableMatrixView(
            scores.base, rows: block.count, columns: seen.count, rowStride: seen.count)
          try RuntimeError.rethrowing { () throws(LinearAlgebraError) in
            try gemm(
              queries.part(rows: block, columns: own), keys.part(rows: seen, columns: columns(shared)),
              transposeB: true, into: part, workers: .serial)
          }
          normalise(part, queries: block, firstKey: seen.lowerBound)
          try RuntimeError.rethrowing { () throws(LinearAlgebraError) in
            try gemm(
              part.readable, values.part(rows: seen, columns: columns(shared)),
              into: heads.part(rows: block, columns: own), workers: .serial)
          }
        }
      }
    }
  }

  /// Scores to probabilities, in place; zero where a query does not see.
  func normalise(_ scores: MutableMatrixView<Float>, queries: Range<Int>, firstKey: Int) {
    let scale = Float(1 / Double(headDimension).squareRoot())
    for (row, position) in queries.enumerated() {
      let seen = visible(from: position)
      row_softmax(
        scores.base + row * scores.rowStride, scale, seen.lowerBound - firstKey, seen.upperBound - firstKey,
        scores.columns)
    }
  }

  func columns(_ head: Int) -> Range<Int> { head * headDimension..<(head + 1) * headDimension }
}
