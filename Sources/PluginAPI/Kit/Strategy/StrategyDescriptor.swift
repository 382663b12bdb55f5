import CLathe

/// What a strategy says about itself before it is created.
public struct StrategyDescriptor: Sendable {
  /// `[a-z0-9.-]+`; never changes once published.
  public var id: String
  public var name: String
  /// Of the strategy, semantic versioning.
  public var version: String
  /// One line.
  public var summary: String
  /// A paper or page, may be empty.
  public var reference: String
  public var traits: StrategyTraits
  /// Host services without which the strategy cannot be created.
  public var requires: [HostService]
  /// Host services that it uses where they are offered.
  public var uses: [HostService]
  /// Every kind of statistic that `plan` may request.
  public var statistics: [StatisticKind]
  public var parameters: [ParameterDescriptor]

  public init(
    id: String, name: String, version: String, summary: String, reference: String = "",
    traits: StrategyTraits = [], requires: [HostService], uses: [HostService] = [],
    statistics: [StatisticKind] = [], parameters: [ParameterDescriptor] = []
  ) {
    self.id = id
    self.name = name
    self.version = version
    self.summary = summary
    self.reference = reference
    self.traits = traits
    self.requires = requires
    self.uses = uses
    self.statistics = statistics
    self.parameters = parameters
  }
}

/// How the host may call a strategy.
public struct StrategyTraits: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `analyze` and `compress` may run for several blocks at once.
  public static let blockParallel = StrategyTraits(rawValue: UInt32(LATHE_STRATEGY_BLOCK_PARALLEL))
  /// `compress` needs the blocks in order.
  public static let inOrder = StrategyTraits(rawValue: UInt32(LATHE_STRATEGY_IN_ORDER))
  /// Meets a byte target (`keep`) through the budget service.
  public static let takesBudget = StrategyTraits(rawValue: UInt32(LATHE_STRATEGY_TAKES_BUDGET))
  /// Reads the parameters of each linear by `parameters(of:)`.
  public static let takesOverrides = StrategyTraits(rawValue: UInt32(LATHE_STRATEGY_TAKES_OVERRIDES))
}

/// A named table of host functions.
public struct HostService: Sendable, Hashable {
  /// "lathe.graph/1".
  public let id: String
  public init(id: String) { self.id = id }

  public static let parameters = HostService(id: LATHE_EXT_PARAMS)
  public static let graph = HostService(id: LATHE_EXT_GRAPH)
  public static let budget = HostService(id: LATHE_EXT_BUDGET)
  public static let calibration = HostService(id: LATHE_EXT_CALIBRATION)
  public static let training = HostService(id: LATHE_EXT_TRAINING)
  public static let linearAlgebra = HostService(id: LATHE_EXT_LINALG)
  public static let parallel = HostService(id: LATHE_EXT_PARALLEL)
  public static let random = HostService(id: LATHE_EXT_RANDOM)
  public static let workspace = HostService(id: LATHE_EXT_WORKSPACE)
  public static let report = HostService(id: LATHE_EXT_REPORT)
}
