import Glibc
import Graph
import LinearAlgebra

/// How well a model predicts a text: exp of the mean negative log-likelihood of all predicted tokens.
///
/// Each window predicts its last `context - 1` tokens, from the tokens of that window alone. log-softmax of a row
/// in f32 (relative error of the sum below 1e-6), sums in f64 in the order of the windows.
public struct Perplexity: Sendable, Equatable {
  /// Mean negative log-likelihood in nats per predicted token.
  public let meanNegativeLogLikelihood: Double
  /// Predicted tokens.
  public let tokens: Int
  public let windows: Int
  /// Tokens of the text after the last whole window.
  public let droppedTail: Int
  public var value: Double { exp(meanNegativeLogLikelihood) }

  init(sum: Double, over windows: TokenWindows) {
    meanNegativeLogLikelihood = sum / Double(windows.predictedCount)
    tokens = windows.predictedCount
    self.windows = windows.windows.count
    droppedTail = windows.droppedTail
  }

  /// The perplexity of `model` on `windows`.
  public static func measure(
    _ model: Model, on windows: TokenWindows, workers: Workers, supervision: Supervision = Supervision()
  ) throws(EvaluationError) -> Perplexity {
    let pass = try LogitPass(models: [model], workers: workers)
    let sums = try pass.run(windows.windows, initial: 0.0, supervision: supervision) {
      (sum, chunk) throws(EvaluationError) in sum += LogLikelihood.negativeSum(chunk, model: 0)
    }
    return Perplexity(sum: sums.reduce(0, +), over: windows)
  }
}
