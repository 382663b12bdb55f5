import Tensors

/// A statistic over calibration tokens that a strategy can ask for. Raw values are those of `lathe.h`.
public enum StatisticKind: Int32, Sendable, CaseIterable, Codable {
  /// `[in, in]`: sum over tokens of `x x^T`.
  case inputGram = 1
  /// `[in]`: mean of `|x|`.
  case inputAbsoluteMean = 2
  /// `[rows, in]`: raw inputs, chosen by the seed.
  case inputSample = 3
  /// `[out, out]`: sum over tokens of `(W x) (W x)^T`, bias excluded.
  case outputGram = 4
  /// `[1]`: mean over tokens of `1 - cos(block input, block output)` on the residual stream.
  case blockSimilarity = 5
  case weightGradient = 6
  case gradientSquared = 7
  /// `[in, in]`: sum over tokens of `x_original x_compressed^T`.
  case inputCrossGram = 8
  case outputGradientGram = 9
  /// `[in, in]`: sum of `m m^T`, m the mean of x at one position over a group of windows.
  case inputStackedGram = 10

  /// Whether it needs a backward pass, which this version of the collector does not make.
  public var needsGradients: Bool {
    switch self {
    case .weightGradient, .gradientSquared, .outputGradientGram: true
    default: false
    }
  }
}

/// Which phase of a stage reads a statistic.
public struct StatisticPhases: OptionSet, Sendable, Hashable, Codable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  public static let analyze = StatisticPhases(rawValue: 1)
  public static let compress = StatisticPhases(rawValue: 2)
}

/// Where the inputs of a statistic come from.
public enum Upstream: Sendable, Hashable, Codable {
  /// The model as it entered the stage.
  case original
  /// The blocks before this one as the stage has left them.
  case compressed
}

/// One statistic of one linear layer.
public struct StatisticRequest: Sendable, Hashable, Codable {
  public var kind: StatisticKind
  /// Index in `Model.nodes`.
  public var node: Int
  public var upstream: Upstream
  public var phases: StatisticPhases
  /// `.f32` or `.f64` of the result; sums are always f64.
  public var elementType: ElementType
  /// Rows of an input sample; windows of a group of a stacked Gram; tokens that do for a block's similarity.
  public var maximumRows: Int

  /// How many tokens do, where not all are asked for: a mean needs only so many.
  var sufficientTokens: Int? { kind == .blockSimilarity && maximumRows > 0 ? maximumRows : nil }

  public init(
    kind: StatisticKind, node: Int, upstream: Upstream, phases: StatisticPhases, elementType: ElementType,
    maximumRows: Int = 0
  ) {
    self.kind = kind
    self.node = node
    self.upstream = upstream
    self.phases = phases
    self.elementType = elementType
    self.maximumRows = maximumRows
  }
}

/// A statistic's value and the number of tokens behind it.
public struct Statistic: Sendable, Codable {
  public let value: Tensor
  public let tokenCount: Int

  public init(value: Tensor, tokenCount: Int) {
    self.value = value
    self.tokenCount = tokenCount
  }
}

/// The statistics of one block, alive while the block is worked on.
public protocol StatisticSource: Sendable {
  /// Nil where it was not requested for this phase.
  func statistic(_ kind: StatisticKind, node: Int, upstream: Upstream) -> Statistic?
}
