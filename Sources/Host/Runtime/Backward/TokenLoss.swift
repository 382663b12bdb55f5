import LinearAlgebra
import Tensors

/// What is minimised over the predicted tokens of a window: a w + b d, with w the mean cross entropy of the next
/// tokens and d the mean KL divergence from a reference model, in nats.
public struct TokenLoss: Sendable {
  /// a.
  public var nextTokenWeight: Double
  /// b; where it is 0 the reference is not looked at.
  public var divergenceWeight: Double
  /// Draws the next tokens from the model's own distribution, position for position, in the place of the text's.
  public var sampling: CounterRandom?

  public init(nextTokenWeight: Double, divergenceWeight: Double, sampling: CounterRandom? = nil) {
    self.nextTokenWeight = nextTokenWeight
    self.divergenceWeight = divergenceWeight
    self.sampling = sampling
  }

  /// Means over the predicted tokens of a window.
  public struct Value: Sendable, Equatable {
    public var nextToken: Double
    /// 0 without a reference.
    public var divergence: Double

    public init(nextToken: Double = 0, divergence: Double = 0) {
      self.nextToken = nextToken
      self.divergence = divergence
    }

    public var isFinite: Bool { nextToken.isFinite && divergence.isFinite }
  }
}

/// A model that another is compared with, as one window sees it.
public struct ReferenceStates {
  public let head: LanguageModelHead
  /// The head's input: states after the final norm, [T, D].
  public let normed: MatrixView<Float>

  public init(head: LanguageModelHead, normed: MatrixView<Float>) {
    self.head = head
    self.normed = normed
  }
}
