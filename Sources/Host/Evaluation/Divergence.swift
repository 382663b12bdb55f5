import CKernels
import Graph
import LinearAlgebra

/// How far a model's predictions are from those of a reference on the same windows.
///
/// With p the reference's and q the model's distribution at a position, KL = sum_v p_v (log p_v - log q_v), in
/// nats, over the positions that perplexity counts.
public struct Divergence: Sendable, Equatable {
  /// Mean KL(reference || model) per predicted token.
  public let meanDivergence: Double
  /// Share of positions where both find the same token likeliest.
  public let topAgreement: Double
  public let perplexity: Perplexity
  public let referencePerplexity: Perplexity

  private struct Sums: Sendable {
    var divergence = 0.0
    var agreements = 0
    var model = 0.0
    var reference = 0.0
  }

  /// Runs `model` and `reference` side by side over `windows`.
  public static func measure(
    _ model: Model, reference: Model, on windows: TokenWindows, workers: Workers,
    supervision: Supervision = Supervision()
  ) throws(EvaluationError) -> Divergence {
    let pass = try LogitPass(models: [model, reference], workers: workers)
    let parts = try pass.run(windows.windows, initial: Sums(), supervision: supervision) {
      (sums, chunk) throws(EvaluationError) in add(chunk, to: &sums)
    }
    var total = Sums()
    for part in parts {
      total.divergence += part.divergence
      total.agreements += part.agreements
      total.model += part.model
      total.reference += part.reference
    }
    let count = Double(windows.predictedCount)
    return Divergence(
      meanDivergence: total.divergence / count, topAgreement: Double(total.agreements) / count,
      perplexity: Perplexity(sum: total.model, over: windows),
      referencePerplexity: Perplexity(sum: total.reference, over: windows))
  }

  private static func add(_ chunk: LogitChunk, to sums: inout Sums) {
    let (model, reference) = (chunk.logits[0], chunk.logits[1])
    let size = model.columns
    for (row, index) in LogLikelihood.predictions(chunk) {
      let q = model.base + row * model.rowStride
      let p = reference.base + row * reference.rowStride
      let modelSum = LogLikelihood.logSumExp(model, row)
      let referenceSum = LogLikelihood.logSumExp(reference, row)
      let target = Int(chunk.tokens[index + 1])
      sums.model += modelSum - Double(q[target])
      sums.reference += referenceSum - Double(p[target])
      sums.divergence += row_divergence(p, referenceSum, q, modelSum, size)
      if row_argmax(p, size) == row_argmax(q, size) { sums.agreements += 1 }
    }
  }
}
