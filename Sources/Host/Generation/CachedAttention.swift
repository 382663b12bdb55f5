import CKernels
import LinearAlgebra
import Runtime

/// Causal attention of new queries over cached keys and values; see `Attention` for the formula.
///
/// One query at a time runs head by head, many run as products, which share the keys they read.
struct CachedAttention: Sendable {
  let headCount: Int
  let keyValueHeadCount: Int
  let headDimension: Int
  let window: Int?

  /// Below so many multiplications one thread does all heads.
  private static let serialLimit = 1 << 17

  /// Q, heads: [T, H d], T the last positions of the cache.
  func forward(
    queries: MatrixView<Float>, cache: KeyValueCache, into heads: MutableMatrixView<Float>, workers: Workers
  ) throws(RuntimeError) {
    let multiplications = queries.rows * queries.columns * cache.count
    let workers = multiplications < Self.serialLimit ? .serial : workers
    try cache.withRows { (keys, values) throws(RuntimeError) in
      if queries.rows <= ProductBatch.vectorLimit {
        for row in 0..<queries.rows { oneByOne(queries, row, keys, values, into: heads, workers: workers) }
      } else {
        try together(queries, keys, values, into: heads, workers: workers)
      }
    }
  }

  private func oneByOne(
    _ queries: MatrixView<Float>, _ row: Int, _ keys: MatrixView<Float>, _ values: MatrixView<Float>,
    into heads: MutableMatrixView<Float>, workers: Workers
  ) {
    let end = keys.rows - queries.rows + row + 1
    let seen = (window.map { max(0, end - max($0, 1)) } ?? 0)..<end
    let scale = Float(1 / Double(headDimension).squareRoot())
    workers.forEach(count: headCount) { head in
      let own = head * headDimension
      let start = seen.lowerBound * keys.rowStride + head / (headCount / keyValueHeadCount) * headDimension
      withUnsafeTemporaryAllocation(of: Float.self, capacity: seen.count) { scores in
        attend_row(
          queries.base + row * queries.rowStride + own, keys.base + start, values.base + start,
          keys.rowStride, headDimension, seen.count, scale, scores.baseAddress,
          heads.base + row * heads.rowStride + own)
      }
    }
  }

  private func together(
    _ queries: MatrixView<Float>, _ keys: MatrixView<Float>, _ values: MatrixView<Float>,
    into heads: MutableMatrixView<Float>, workers: Workers
  ) throws(RuntimeError) {
    let group = headCount / keyValueHeadCount
    let attention = Attention(
      headCount: group, keyValueHeadCount: 1, headDimension: headDimension, window: window)
    try workers.forEach(count: keyValueHeadCount) { (shared) throws(RuntimeError) in
      let own = shared * group * headDimension..<(shared + 1) * group * headDimension
      let read = shared * headDimension..<(shared + 1) * headDimension
      try attention.forward(
        queries: queries.part(rows: 0..<queries.rows, columns: own),
        keys: keys.part(rows: 0..<keys.rows, columns: read),
        values: values.part(rows: 0..<values.rows, columns: read),
        into: heads.part(rows: 0..<heads.rows, columns: own), firstQuery: keys.rows - queries.rows)
    }
  }
}
