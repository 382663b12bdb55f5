public import CLathe

/// A linear of the fake model.
public struct FakeNode: Sendable {
  public var name: String
  public var role: Int32
  public var block: Int32
  public var group: UInt32
  public var isSelected = true
  public var elementType = lathe_dtype(code: UInt8(LATHE_FLOAT), bits: 32, lanes: 1)
  public var form: FakeForm
  public var gram: Matrix
  /// `X' X'^T` and `X X'^T` of the compressed upstream; `gram` where nil.
  public var shiftedGram: Matrix?
  public var crossGram: Matrix?
  /// Of its block.
  public var similarity = 1.0

  public init(_ name: String, role: Int32, block: Int32, group: UInt32, weight: Matrix, gram: Matrix) {
    self.name = name
    self.role = role
    self.block = block
    self.group = group
    form = [[FakeFactor(weight)]]
    self.gram = gram
  }

  public var outFeatures: Int { form[0][form[0].count - 1].rows }
  public var inFeatures: Int { form[0][0].columns }
}

/// A host for tests: a few matrices, slow exact algebra, tables that can be cut short or left out.
public final class FakeHost: @unchecked Sendable {
  struct State {
    var nodes: [FakeNode]
    var metrics: [String: Double] = [:]
    var series: [String: [Double]] = [:]
    var kept: [String: UnsafeMutablePointer<lathe_tensor>] = [:]
    var requests: [(node: UInt32, kind: Int32, flags: UInt32)] = []
    var failure: (code: Int32, message: String)?
    var forecasts: [UInt32: FakeForm] = [:]
    var isForecasting = false
    var calls: [String: Int] = [:]
    var trials: [Int: FakeTrial] = [:]
  }

  let state: Locked<State>
  /// Bytes for the selected nodes, nil for a stage without a budget.
  public var target: UInt64?
  /// Values over the defaults of the strategy.
  public var parameters: [String: String] = [:]
  /// Ids that the host does not offer.
  public var missing: Set<String> = []
  /// `struct_size` by table id ("lathe_host" for the core), as an older host would have it.
  public var sizes: [String: UInt32] = [:]
  public var major: UInt16 = 1
  /// Bytes of a dense element in the finished checkpoint.
  public var elementBytes = 4
  public var isCancelled = false
  /// What `lathe.training/1` computes; nil where it refuses.
  public var training: FakeTraining?

  let tables = FakeTables()
  let alive = Locked(0)
  let lent = Locked(0)
  var declared: [String: String] = [:]
  /// Memory lent to the plugin, freed with the host.
  var arena: [() -> Void] = []

  public init(_ nodes: [FakeNode]) { state = Locked(State(nodes: nodes)) }

  deinit {
    for free in arena { free() }
    state.withLock { state in for tensor in state.kept.values { tensor.pointee.deleter(tensor) } }
  }

  public var nodes: [FakeNode] { state.withLock { $0.nodes } }
  public func metric(_ node: Int?, _ key: String) -> Double? {
    state.withLock { $0.metrics["\(node.map { "\($0)" } ?? "stage")/\(key)"] }
  }
  public func series(_ node: Int?, _ key: String) -> [Double]? {
    state.withLock { $0.series["\(node.map { "\($0)" } ?? "stage")/\(key)"] }
  }
  public var requestedKinds: [Int32] { state.withLock { $0.requests.map(\.kind) } }
  public var requestedNodes: [UInt32] { state.withLock { $0.requests.map(\.node) } }
  public var requestFlags: [UInt32] { state.withLock { $0.requests.map(\.flags) } }
  public var failure: (code: Int32, message: String)? { state.withLock { $0.failure } }
  /// Tensors given to the plugin or kept for it, and not yet deleted.
  public var aliveTensors: Int { alive.withLock { $0 } }
  public var keptCount: Int { state.withLock { $0.kept.count } }
  public func forecast(_ node: Int) -> FakeForm? { state.withLock { $0.forecasts[UInt32(node)] } }

  /// Bytes of the selected nodes in the prices of `cost`.
  public var selectedBytes: Int {
    nodes.filter(\.isSelected).reduce(0) { $0 + $1.form.cost(elementBytes) }
  }

  /// Sum of the last dimension of first factors, for ranks of factor pairs; nil where a node is one matrix.
  public var ranks: [Int?] { nodes.map { $0.form[0].count == 2 ? $0.form[0][0].rows : nil } }

  static func of(_ host: UnsafePointer<lathe_host>?) -> FakeHost {
    guard let data = host?.pointee.host_data else { preconditionFailure("no host") }
    return Unmanaged<FakeHost>.fromOpaque(data).takeUnretainedValue()
  }

  /// Makes a handle for one call.
  func call<Result>(_ body: (UnsafePointer<lathe_host>) -> Result) -> Result {
    var host = tables.core
    host.host_data = Unmanaged.passUnretained(self).toOpaque()
    host.abi_major = major
    host.seed = 7
    if let size = sizes["lathe_host"] { host.struct_size = size }
    // Trials last as long as the call.
    defer { state.withLock { $0.trials = [:] } }
    return "fake".withCString { name in
      host.name = name
      host.version = name
      return body(&host)
    }
  }
}
