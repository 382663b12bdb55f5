import CLathe

// Budget.
extension HostAccess where Self: ~Copyable {
  /// The bytes that the selected nodes may take together, in the prices of `cost`; nil where the recipe gives
  /// this stage no budget.
  public func budgetTarget() throws(StrategyError) -> Int? {
    let read = try call.table(.budget, lathe_host_budget.self).function(\.target, "target")
    var bytes: UInt64 = 0
    let status = read(call.host, &bytes)
    if status == LATHE_ERR_UNSUPPORTED { return nil }
    try call.check(status, "target")
    return Int(clamping: bytes)
  }

  /// The bytes that `shape` will take as `node` in the finished checkpoint, after the later stages.
  public func cost(of shape: LinearShape, as node: Node) throws(StrategyError) -> Int {
    let price = try call.table(.budget, lathe_host_budget.self).function(\.cost, "cost")
    var bytes: UInt64 = 0
    let terms = shape.terms.map { $0.map { Factor(shape: $0) } }
    let status = withCLinear(terms, bias: nil) { price(call.host, node.index, $0, &bytes) }
    try call.check(status, "cost of \(node.name)")
    return Int(clamping: bytes)
  }
}

// Report.
extension HostAccess where Self: ~Copyable {
  /// A number for the run report, about `node` or, where that is nil, about the stage. Lost where the host keeps
  /// no report.
  public func report(_ key: String, _ value: Double, about node: Node? = nil) {
    guard let table = try? call.table(.report, lathe_host_report.self) else { return }
    table.field(\.metric)?(call.host, node?.index ?? UInt32.max, key, value)
  }

  /// A row of numbers for the run report.
  public func report(_ key: String, series values: [Double], about node: Node? = nil) {
    guard let table = try? call.table(.report, lathe_host_report.self) else { return }
    table.field(\.series)?(call.host, node?.index ?? UInt32.max, key, values, UInt64(values.count))
  }
}

// Random numbers: the same for the same seed, stage, node and stream, whatever the order of the calls.
extension HostAccess where Self: ~Copyable {
  /// Uniform in [0, 1).
  public func fillUniform(
    _ matrix: borrowing HostMatrix<Float>, about node: Node, stream: UInt32
  ) throws(StrategyError) {
    let fill = try call.table(.random, lathe_host_random.self).function(\.uniform, "uniform")
    try call.check(fill(call.host, node.index, stream, matrix.box.tensor), "uniform")
  }

  /// Normal with mean 0 and variance 1.
  public func fillNormal(
    _ matrix: borrowing HostMatrix<Float>, about node: Node, stream: UInt32
  ) throws(StrategyError) {
    let fill = try call.table(.random, lathe_host_random.self).function(\.normal, "normal")
    try call.check(fill(call.host, node.index, stream, matrix.box.tensor), "normal")
  }
}
