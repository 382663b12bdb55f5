import CLathe

/// A call of `loss` or `loss_and_gradients`, as a test's closure sees it.
public struct FakeTrainingCall: Sendable {
  /// 0 calibration, 1 held out.
  public let set: Int32
  public let batches: [Int]
  public let nextTokenWeight: Double
  public let divergenceWeight: Double
  public let sampledTargets: Bool
  /// Every node's form with the trials in place.
  public let forms: [FakeForm]
  /// Biases of trials by node.
  public let biases: [Int: [Double]]
  /// What gradients are asked for; nil in a call of `loss`.
  public let references: [FakeReference]?
}

/// A factor or, where `factor` is nil, the bias of a node.
public struct FakeReference: Sendable, Hashable {
  public let node: Int
  public let term: Int
  public let factor: Int?

  public init(node: Int, term: Int = 0, factor: Int?) {
    self.node = node
    self.term = term
    self.factor = factor
  }

  init(_ reference: lathe_factor_ref) {
    self.init(
      node: Int(reference.node), term: Int(reference.term),
      factor: reference.factor == LATHE_FACTOR_BIAS ? nil : Int(reference.factor))
  }
}

/// What a test's closure answers.
public struct FakeLoss: Sendable {
  public var nextToken: Double
  public var divergence: Double
  /// By reference.
  public var gradients: [[Double]]

  public init(nextToken: Double, divergence: Double = 0, gradients: [[Double]] = []) {
    self.nextToken = nextToken
    self.divergence = divergence
    self.gradients = gradients
  }
}

/// The model that a test trains on.
public struct FakeTraining: Sendable {
  public var calibrationCount: Int
  public var heldOutCount: Int
  public var loss: @Sendable (FakeTrainingCall) -> FakeLoss

  public init(
    calibrationCount: Int = 4, heldOutCount: Int = 1, loss: @escaping @Sendable (FakeTrainingCall) -> FakeLoss
  ) {
    self.calibrationCount = calibrationCount
    self.heldOutCount = heldOutCount
    self.loss = loss
  }
}

/// A form that is tried, and its bias.
struct FakeTrial {
  var form: FakeForm
  var bias: [Double]?
}
