import CLathe
import Calibration
import Glibc
import Graph

/// A strategy at work: created with checked parameters, called phase by phase, destroyed exactly once.
public final class StrategyInstance: @unchecked Sendable {
  public let info: StrategyInfo
  public let libraryPath: String
  private let pointer: UnsafeMutablePointer<lathe_instance>
  private let kept = KeptTensors()
  private let parameters: ParameterValues

  /// Refuses a strategy that needs services or statistics this host lacks before calling it.
  public init(
    _ library: PluginLibrary, index: Int, parameters: ParameterValues, environment: StageEnvironment,
    snapshot: ModelSnapshot
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
    let descriptor = library.descriptors[index].pointer
    let context = CallContext(
      .create, environment: environment, snapshot: snapshot.shapesOnly, parameters: parameters, kept: kept)
    var made: UnsafeMutablePointer<lathe_instance>?
    try Self.call(context, info) { host in descriptor.pointee.create(descriptor, host, &made) }
    guard let made else {
      throw .failed(strategy: info.id, phase: "create", status: .contract, message: "it returned no instance")
    }
    // Before the instance is taken over: destroy cannot be read from a table that is too small for it.
    guard made.pointee.struct_size >= MemoryLayout<lathe_instance>.size, made.pointee.destroy != nil,
      made.pointee.plan != nil, made.pointee.compress != nil
    else {
      throw .failed(
        strategy: info.id, phase: "create", status: .contract,
        message: "its instance table is too small or lacks destroy, plan or compress")
    }
    pointer = made
  }

  deinit { pointer.pointee.destroy?(pointer) }

  public var analyzes: Bool { pointer.pointee.analyze != nil }
  public var forecasts: Bool { pointer.pointee.forecast != nil }

  /// Reads the graph and returns the statistics the strategy wants.
  public func plan(_ environment: StageEnvironment, _ snapshot: ModelSnapshot) throws(PluginHostError)
    -> [StatisticRequest]
  {
    let context = CallContext(
      .plan, environment: environment, snapshot: snapshot, parameters: parameters,
      declaredStatistics: Set(info.declaredStatistics),
      kept: kept)
    try Self.call(context, info) { pointer.pointee.plan(pointer, $0) }
    return context.state.withLock { $0.requests }
  }

  public func analyze(
    block: Int, _ environment: StageEnvironment, _ snapshot: ModelSnapshot,
    _ statistics: (any StatisticSource)?
  ) throws(PluginHostError) {
    guard let analyze = pointer.pointee.analyze else { return }
    let context = CallContext(
      .analyze(block), environment: environment, snapshot: snapshot, parameters: parameters,
      statistics: statistics, kept: kept)
    try Self.call(context, info) { analyze(pointer, $0, Int32(block)) }
  }

  public func allocate(_ environment: StageEnvironment, _ snapshot: ModelSnapshot) throws(PluginHostError) {
    guard let allocate = pointer.pointee.allocate else { return }
    let context = CallContext(
      .allocate, environment: environment, snapshot: snapshot, parameters: parameters, kept: kept)
    try Self.call(context, info) { allocate(pointer, $0) }
  }

  /// What becomes of the nodes of `block` (nil: those in no block).
  public func compress(
    block: Int?, _ environment: StageEnvironment, _ snapshot: ModelSnapshot,
    _ statistics: (any StatisticSource)?
  ) throws(PluginHostError) -> StageChanges {
    let context = CallContext(
      .compress(block), environment: environment, snapshot: snapshot, parameters: parameters,
      statistics: statistics, kept: kept)
    try Self.call(context, info) { pointer.pointee.compress(pointer, $0, Int32(block ?? -1)) }
    return try changes(context)
  }

  public func finish(_ environment: StageEnvironment, _ snapshot: ModelSnapshot) throws(PluginHostError)
    -> StageChanges
  {
    guard let finish = pointer.pointee.finish else { return StageChanges() }
    let context = CallContext(
      .finish, environment: environment, snapshot: snapshot, parameters: parameters, kept: kept)
    try Self.call(context, info) { finish(pointer, $0) }
    return try changes(context)
  }

  /// The form compress would give `node`, whose form now is in `snapshot`; the same form where it stays.
  /// Nil when the strategy cannot tell.
  public func forecast(
    _ node: Node, _ environment: StageEnvironment, _ snapshot: ModelSnapshot
  ) throws(PluginHostError) -> LinearForm? {
    guard let forecast = pointer.pointee.forecast else { return nil }
    let unchanged = snapshot.forms[node.index]
    guard environment.selected.contains(node.index) else { return unchanged }
    let context = CallContext(
      .forecast(node.index), environment: environment, snapshot: snapshot.shapesOnly, parameters: parameters,
      kept: kept)
    try Self.call(context, info) { forecast(pointer, $0, lathe_node(node.index)) }
    guard case .form(let form)? = context.state.withLock({ $0.replacements[node.index] }) else {
      return unchanged
    }
    return form
  }

  private func changes(_ context: CallContext) throws(PluginHostError) -> StageChanges {
    let state = context.state.withLock { $0 }
    if let index = state.unanswered.min() {
      throw .failed(
        strategy: info.id, phase: "\(context.phase)", status: .contract,
        message: "it scaled the input of \(context.snapshot.nodes[index].name) and gave no replacement for it"
      )
    }
    let linears = state.replacements.compactMapValues { given in
      if case .full(let linear) = given { linear } else { nil }
    }
    return StageChanges(linears: linears, vectors: state.vectors, scalings: state.scalings)
  }

  /// One call across the boundary: makes the handle, restores the floating-point environment, explains a failure.
  private static func call(
    _ context: CallContext, _ info: StrategyInfo, _ body: (UnsafePointer<lathe_host>) -> lathe_status
  ) throws(PluginHostError) {
    var environment = fenv_t()
    fegetenv(&environment)
    let code = context.withHandle(body)
    fesetenv(&environment)
    guard code != StrategyStatus.ok.rawValue else { return }
    let status = StrategyStatus(rawValue: code) ?? .internal
    if status == .cancelled { throw .cancelled }
    let (failure, refusal, storage) = context.state.withLock { ($0.failure, $0.refusal, $0.storageFailure) }
    if let storage, status == .noMemory { throw .storage(storage) }
    let unexplained =
      StrategyStatus(rawValue: code) == nil ? "it returned the unknown status \(code)" : "it gave no reason"
    let message = Self.message(failure?.message, refusal?.message) ?? unexplained
    throw .failed(strategy: info.id, phase: "\(context.phase)", status: status, message: message)
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
