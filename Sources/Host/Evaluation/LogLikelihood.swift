import CKernels
import LinearAlgebra

/// Negative log-likelihood of the tokens of a window, each given those before it, in nats.
enum LogLikelihood {
  /// The sum over the chunk's positions that have a successor in the window of -log softmax(logits)[successor],
  /// summed in f64.
  static func negativeSum(_ chunk: LogitChunk, model: Int) -> Double {
    predictions(chunk).reduce(0) { total, position in
      total + negative(chunk.logits[model], position.row, target: Int(chunk.tokens[position.index + 1]))
    }
  }

  /// Rows of the chunk that predict a token of the window, and their positions in it.
  static func predictions(_ chunk: LogitChunk) -> [(row: Int, index: Int)] {
    chunk.positions.enumerated().filter { $0.element + 1 < chunk.tokens.count }
      .map { (row: $0.offset, index: $0.element) }
  }

  static func logSumExp(_ logits: MatrixView<Float>, _ row: Int) -> Double {
    row_log_sum_exp(logits.base + row * logits.rowStride, logits.columns)
  }

  private static func negative(_ logits: MatrixView<Float>, _ row: Int, target: Int) -> Double {
    logSumExp(logits, row) - Double(logits[row, target])
  }
}
