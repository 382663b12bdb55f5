import CKernels
import LinearAlgebra

extension Attention {
  /// Gradients of queries, keys and values from that of the heads, all as `forward` has them.
  ///
  /// With P recomputed for some queries of one head at a time, and s = 1 / sqrt(d):
  ///
  ///     dV += P^T dO,   dP = dO V^T,   dS = s P (dP - rowsum(P dP)),   dQ = dS K,   dK += dS^T Q
  func backward(
    queries: MatrixView<Float>, keys: MatrixView<Float>, values: MatrixView<Float>,
    gradient: MatrixView<Float>, queryGradient: MutableMatrixView<Float>,
    keyGradient: MutableMatrixView<Float>, valueGradient: MutableMatrixView<Float>,
    _ workspace: GradientWorkspace
  ) throws(RuntimeError) {
    let length = queries.rows
    guard length > 0 else { return }
    keyGradient.fill(0)
    valueGradient.fill(0)
    let rows = min(Self.queryRows, length)
    let widest = min(length, window.map { max($0, 1) + rows } ?? length)
    let scores = workspace.scores.matrix(rows: rows, columns: widest)
    let slopes = workspace.scoreGradient.matrix(rows: rows, columns: widest)
    for head in 0..<headCount {
      let own = columns(head)
      let shared = columns(head / (headCount / keyValueHeadCount))
      for start in stride(from: 0, to: length, by: rows) {
        let block = start..<min(start + rows, length)
        let seen = visible(from: start).lowerBound..<block.upperBound
        let p = MutableMatrixView(scores.base, rows: block.count, columns: seen.count)
        let s = MutableMatrixView(slopes.base, rows: block.count, columns: seen.count)
        let q = queries.part(rows: block, columns: own)
        let k = keys.part(rows: seen, columns: shared)
        let dO = gradient.part(rows: block, columns: own)
        try RuntimeError.rethrowing { () throws(LinearAlgebraError) in
          try gemm(q, k, transposeB: true, into: p, workers: .serial)
          normalise(p, queries: block, firstKey: seen.lowerBound)
          let v = values.part(rows: seen, columns: shared)
          let dV = valueGradient.part(rows: seen, columns: shared)
          try gemm(p.readable, transposeA: true, dO, beta: 1, into: dV, workers: .serial)
          try gemm(dO, v, transposeB: true, into: s, workers: .serial)
          differentiate(s, p.readable, queries: block, firstKey: seen.lowerBound)
          let dQ = queryGradient.part(rows: block, columns: own)
          let dK = keyGradient.part(rows: seen, columns: shared)
          try gemm(s.readable, k, into: dQ, workers: .serial)
          try gemm(s.readable, transposeA: true, q, beta: 1, into: dK, workers: .serial)
        }
      }
    }
  }

  /// Gradients of probabilities to those of scores, in place.
  private func differentiate(
    _ gradient: MutableMatrixView<Float>, _ p: MatrixView<Float>, queries: Range<Int>, firstKey: Int
  ) {
    let scale = Float(1 / Double(headDimension).squareRoot())
    for (row, position) in queries.enumerated() {
      let seen = visible(from: position)
      row_softmax_backward(
        p.base + row * p.rowStride, gradient.base + row * gradient.rowStride, scale,
        seen.lowerBound - firstKey, seen.upperBound - firstKey, gradient.columns)
    }
  }
}
