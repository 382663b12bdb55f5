import CLathe
import Calibration
import Graph

/// A strategy at work: created with checked parameters, called phase by phase, destroyed exactly once.
public final class StrategyInstance: Sendable {
  public let info: StrategyInfo
  public let libraryPath: String
  private let kept = KeptTensors()
  private let parameters: ParameterValues
  private let instance: any InstanceCalls

  /// Refuses a strategy that needs services or statistics this host lacks before calling it. With `isolation` the
  /// strategy runs in a process of its own.
  public init(
    _ library: PluginLibrary, index: Int, parameters: ParameterValues, environment: StageEnvironment,
    snapshot: ModelSnapshot, isolation: Isolation? = nil
  ) throws(PluginHostError) {
    info = library.strategies[index]
    libraryPath = library.path
    self.parameters = parameters
    for id in info.requiredExtensions where !HostTable.extensionIDs.contains(id) {
      throw .missingExtension(strategy: info.id, path: library.path, extensionID: id)
    }
    for raw in info.declaredStatistics where StatisticKind(rawValue: raw)?.needsGradients ?? true {
      let name = StatisticKind(rawValue: raw).map { "\($0)" } ?? "\(raw)"
      throw .missingStatistic(strategy: info.id, path: library.path, kind: name)
    }
    let environment = environment.speaking(as: info.id)
    let context = CallContext(
      .create, environment: environment, snapshot: snapshot.shapesOnly, parameters: parameters, kept: kept)
    let status: lathe_status
    let made: (any InstanceCalls)?
    if let isolation {
      (status, made) = try WorkerInstance.create(
        library, index: index, isolation: isolation, files: snapshot.files, context: context)
    } else {
      (status, made) = LoadedInstance.create(try library.descriptor(index), context)
    }
    try Self.explain(status, context, info, library.path)
    guard let made else {
      throw Self.failure(context, info, library.path, .contract, "it returned no instance")
    }
    instance = made
  }

  public var analyzes: Bool { instance.phases.analyzes }
  public var forecasts: Bool { instance.phases.forecasts }

  /// Reads the graph and returns the statistics the strategy wants.
  public func plan(_ environment: StageEnvironment, _ snapshot: ModelSnapshot) throws(PluginHostError)
    -> [StatisticRequest]
  {
    try call(.plan, environment, snapshot).state.withLock { $0.requests }
  }

  public func analyze(
    block: Int, _ environment: StageEnvironment, _ snapshot: ModelSnapshot,
    _ statistics: (any StatisticSource)?
  ) throws(PluginHostError) {
    guard analyzes else { return }
    _ = try call(.analyze(block), environment, snapshot, statistics)
  }

  public func allocate(_ environment: StageEnvironment, _ snapshot: ModelSnapshot) throws(PluginHostError) {
    _ = try call(.allocate, environment, snapshot)
  }

  /// What becomes of the nodes of `block` (nil: those in no block).
  public func compress(
    block: Int?, _ environment: StageEnvironment, _ snapshot: ModelSnapshot,
    _ statistics: (any StatisticSource)?
  ) throws(PluginHostError) -> StageChanges {
    try changes(call(.compress(block), environment, snapshot, statistics))
  }

  public func finish(_ environment: StageEnvironment, _ snapshot: ModelSnapshot) throws(PluginHostError)
    -> StageChanges
  {
    try changes(call(.finish, environment, snapshot))
  }

  /// The form compress would give `node`, whose form now is in `snapshot`; the same form where it stays.
  /// Nil when the strategy cannot tell.
  public func forecast(
    _ node: Node, _ environment: StageEnvironment, _ snapshot: ModelSnapshot
  ) throws(PluginHostError) -> LinearForm? {
    guard forecasts else { return nil }
    let unchanged = snapshot.forms[node.index]
    guard environment.selected.contains(node.index) else { return unchanged }
    let context = try call(.forecast(node.index), environment, snapshot.shapesOnly)
    guard case .form(let form)? = context.state.withLock({ $0.replacements[node.index] }) else {
      return unchanged
    }
    return form
  }

  private func changes(_ context: CallContext) throws(PluginHostError) -> StageChanges {
    let state = context.state.withLock { $0 }
    if let index = state.unanswered.min() {
      throw Self.failure(
        context, info, libraryPath, .contract,
        "it scaled the input of \(context.snapshot.nodes[index].name) and gave no replacement for it")
    }
    let linears = state.replacements.compactMapValues { given in
      if case .full(let linear) = given { linear } else { nil }
    }
    return StageChanges(linears: linears, vectors: state.vectors, scalings: state.scalings)
  }

  /// One call of the strategy, and what it did.
  private func call(
    _ phase: CallContext.Phase, _ environment: StageEnvironment, _ snapshot: ModelSnapshot,
    _ statistics: (any StatisticSource)? = nil
  ) throws(PluginHostError) -> CallContext {
    let context = CallContext(
      phase, environment: environment.speaking(as: info.id), snapshot: snapshot, parameters: parameters,
      statistics: statistics, declaredStatistics: Set(info.declaredStatistics), kept: kept)
    try Self.explain(try instance.call(context), context, info, libraryPath)
    return context
  }

  /// Throws unless `code` is a success, with the reason that the context knows.
  private static func explain(
    _ code: lathe_status, _ context: CallContext, _ info: StrategyInfo, _ path: String
  ) throws(PluginHostError) {
    guard code != StrategyStatus.ok.rawValue else { return }
    let status = StrategyStatus(rawValue: code) ?? .internal
    if status == .cancelled, context.environment.isCancelled() { throw .cancelled }
    let (failure, refusal, storage) = context.state.withLock { ($0.failure, $0.refusal, $0.storageFailure) }
    if let storage, status == .noMemory { throw .storage(storage) }
    let unexplained =
      switch StrategyStatus(rawValue: code) {
      case nil: "it returned the unknown status \(code)"
      case .cancelled: "it says that it was told to stop, but nobody did"
      default: "it gave no reason"
      }
    let message = Self.message(failure?.message, refusal?.message) ?? unexplained
    throw Self.failure(context, info, path, status, message)
  }

  private static func failure(
    _ context: CallContext, _ info: StrategyInfo, _ path: String, _ status: StrategyStatus, _ message: String
  ) -> PluginHostError {
    .failed(
      stage: context.environment.stage, strategy: info.id, path: path, phase: "\(context.phase)",
      status: status, message: message)
  }

  /// The plugin's own words, and those of the host function that refused it where they say more.
  private static func message(_ failure: String?, _ refusal: String?) -> String? {
    switch (failure, refusal) {
    case (let failure?, let refusal?): failure.contains(refusal) ? failure : "\(failure): \(refusal)"
    case (let only?, nil), (nil, let only?): only
    case (nil, nil): nil
    }
  }
}
