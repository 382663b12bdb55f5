import CLathe
import Calibration
import Graph
import Synchronization
import Tensors
import Training

/// Everything behind one host handle: made for one call of a plugin and gone when the call returns.
final class CallContext: Sendable {
  enum Phase: Sendable, Equatable, Codable, CustomStringConvertible {
    case create
    case plan
    case analyze(Int)
    case allocate
    case compress(Int?)
    case finish
    case forecast(Int)

    var description: String {
      switch self {
      case .create: "create"
      case .plan: "plan"
      case .analyze(let block): "analyze of block \(block)"
      case .allocate: "allocate"
      case .compress(let block?): "compress of block \(block)"
      case .compress(nil): "compress outside the blocks"
      case .finish: "finish"
      case .forecast(let node): "forecast of node \(node)"
      }
    }
  }

  /// What the plugin has said so far.
  struct State: Sendable {
    var failure: (status: StrategyStatus, message: String)?
    /// The last refusal of a host function; explains a failure the plugin does not explain.
    var refusal: (status: StrategyStatus, message: String)?
    /// What the disk refused.
    var storageFailure: TensorError?
    var replacements: [Int: ForeignLinear.Given] = [:]
    /// Tensors outside the linear layers that took up scales, by name.
    var vectors: [String: Tensor] = [:]
    /// How inputs and outputs of layers were scaled, by node index.
    var scalings: [Int: LinearScaling] = [:]
    /// Nodes whose input was scaled and that have no replacement for it yet.
    var unanswered: Set<Int> = []
    /// In the order of the first time each was asked for.
    var requests: [StatisticRequest] = []
    /// The same, for finding them.
    var requested: Set<StatisticRequest> = []
  }

  let phase: Phase
  let environment: StageEnvironment
  let snapshot: ModelSnapshot
  let parameters: ParameterValues?
  let statistics: (any StatisticSource)?
  let declaredStatistics: Set<Int32>
  let kept: KeptTensors
  let arena = Arena()
  let state = Mutex(State())
  /// Made when a loss or a trial is first asked for.
  let trainingSession = Mutex<(any TrialService)?>(nil)

  init(
    _ phase: Phase, environment: StageEnvironment, snapshot: ModelSnapshot,
    parameters: ParameterValues? = nil,
    statistics: (any StatisticSource)? = nil, declaredStatistics: Set<Int32> = [], kept: KeptTensors
  ) {
    self.phase = phase
    self.environment = environment
    self.snapshot = snapshot
    self.parameters = parameters
    self.statistics = statistics
    self.declaredStatistics = declaredStatistics
    self.kept = kept
  }

  /// Runs `body` with a handle to this context.
  func withHandle(_ body: (UnsafePointer<lathe_host>) -> lathe_status) -> lathe_status {
    var host = HostTable.core
    host.host_data = Unmanaged.passUnretained(self).toOpaque()
    host.seed = environment.seed
    return withExtendedLifetime(self) { withUnsafePointer(to: &host, body) }
  }

  /// The node with the plugin's index.
  func node(_ index: lathe_node) throws(CallFault) -> Node {
    guard index < UInt32(snapshot.nodes.count) else {
      throw .contract("node \(index) does not exist; the model has \(snapshot.nodes.count)")
    }
    return snapshot.nodes[Int(index)]
  }

  /// The layer of `node` as this call sees it: what the call itself made of it, else that of the model.
  func linear(_ node: Node) -> Linear? {
    if case .full(let linear)? = state.withLock({ $0.replacements[node.index] }) { return linear }
    return snapshot.linears?[node.index]
  }

  /// The context behind a handle, or nil for a handle that is not ours.
  static func of(_ host: UnsafePointer<lathe_host>?) -> CallContext? {
    guard let data = host?.pointee.host_data else { return nil }
    let context = Unmanaged<CallContext>.fromOpaque(data).takeUnretainedValue()
    context.environment.heartbeat?.beat()
    return context
  }

  /// Runs a host function: a thrown fault becomes its status, and explains the call's failure if nobody else does.
  static func guarded(
    _ host: UnsafePointer<lathe_host>?, _ body: (CallContext) throws(CallFault) -> Void
  ) -> lathe_status {
    guard let context = of(host) else { return StrategyStatus.contract.rawValue }
    do {
      try body(context)
      return StrategyStatus.ok.rawValue
    } catch {
      context.state.withLock { state in
        state.refusal = (error.status, error.message)
        if case .storage(let failure) = error { state.storageFailure = failure }
      }
      return error.status.rawValue
    }
  }
}

/// Tensors a strategy instance keeps between calls, on disk.
final class KeptTensors: Sendable {
  private struct Key: Hashable {
    let node: UInt32
    let name: String
  }
  private let tensors = Mutex<[Key: Tensor]>([:])

  func set(_ tensor: Tensor?, node: UInt32, name: String) {
    tensors.withLock { $0[Key(node: node, name: name)] = tensor }
  }

  func tensor(node: UInt32, name: String) -> Tensor? {
    tensors.withLock { $0[Key(node: node, name: name)] }
  }
}
