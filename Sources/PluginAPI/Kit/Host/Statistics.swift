import CLathe

/// A statistic of the calibration data. Raw values are those of `lathe.h`, which gives shapes and formulas.
public enum StatisticKind: Int32, Sendable, Hashable, CaseIterable {
  case inputGram = 1
  case inputAbsoluteMean = 2
  case inputSample = 3
  case outputGram = 4
  case blockSimilarity = 5
  case weightGradient = 6
  case gradientSquared = 7
  case inputCrossGram = 8
  case outputGradientGram = 9
  case inputStackedGram = 10
}

/// The phases in which a statistic is read. Asking for one saves the other's pass.
public struct StatisticPhases: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let analyze = StatisticPhases(rawValue: UInt32(LATHE_STAT_FOR_ANALYZE))
  public static let compress = StatisticPhases(rawValue: UInt32(LATHE_STAT_FOR_COMPRESS))
}

/// A statistic, borrowed for the call, and the tokens it was summed over.
public struct Statistic<Scalar: HostReal>: ~Copyable, Sendable {
  public let matrix: HostMatrix<Scalar>
  public let tokenCount: Int

  public consuming func takeMatrix() -> HostMatrix<Scalar> { matrix }
}

/// Where `plan` asks for statistics. Asking twice, or for equal inputs of several nodes, costs once.
public struct Requests: ~Copyable, HostAccess {
  public let call: HostCall

  /// Asks for `kind` about `node`, read as `scalar`. With `upstreamCompressed` the inputs come through the blocks
  /// that this stage already compressed. `maxRows` is for input samples, the windows of a group for stacked Gram
  /// matrices, and the tokens that do for a block's similarity (0: all).
  public func request<Scalar: HostReal>(
    _ kind: StatisticKind, of node: Node, as scalar: Scalar.Type,
    for phases: StatisticPhases = [.analyze, .compress], upstreamCompressed: Bool = false, maxRows: Int = 0
  ) throws(StrategyError) {
    let ask = try call.table(.calibration, lathe_host_calibration.self).function(\.request, "request")
    var request = lathe_stat_request()
    request.struct_size = UInt32(MemoryLayout<lathe_stat_request>.size)
    request.kind = kind.rawValue
    request.node = node.index
    request.flags = phases.rawValue | (upstreamCompressed ? UInt32(LATHE_STAT_UPSTREAM_COMPRESSED) : 0)
    request.dtype = Scalar.elementType.dtype
    request.max_rows = UInt64(max(0, maxRows))
    try call.check(ask(call.host, &request), "request (\(kind) of \(node.name))")
  }
}

/// A view of one block with its statistics.
public protocol BlockAccess: HostAccess, ~Copyable {
  /// Nil for the linears outside all blocks.
  var block: Int? { get }
}

extension BlockAccess where Self: ~Copyable {
  /// The linears of this block that the recipe allows to replace.
  public func selected() throws(StrategyError) -> [Node] {
    let block = block
    return try selectedNodes().filter { $0.block == block }
  }

  /// A statistic that `plan` requested. Not for use in the pieces of `forEach`.
  public func statistic<Scalar: HostReal>(
    _ kind: StatisticKind, of node: Node, as scalar: Scalar.Type, upstreamCompressed: Bool = false
  ) throws(StrategyError) -> Statistic<Scalar> {
    let read = try call.table(.calibration, lathe_host_calibration.self).function(\.stat, "stat")
    var tensor: UnsafePointer<lathe_tensor>?
    var tokens: UInt64 = 0
    let flags = upstreamCompressed ? UInt32(LATHE_STAT_UPSTREAM_COMPRESSED) : 0
    let status = read(call.host, node.index, kind.rawValue, flags, &tensor, &tokens)
    try call.check(status, "stat (\(kind) of \(node.name))")
    guard let tensor else { throw StrategyError(.contract, "stat of the host gave no tensor") }
    let matrix = try HostMatrix<Scalar>(TensorBox(borrowed: tensor), from: "stat")
    return Statistic(matrix: matrix, tokenCount: Int(clamping: tokens))
  }
}
