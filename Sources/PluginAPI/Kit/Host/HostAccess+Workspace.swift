import CLathe

// The host's store of the stage: on disk and not in memory. A key belongs to a node or, where that is nil, to the
// stage.
extension HostAccess where Self: ~Copyable {
  private func workspace() throws(StrategyError) -> HostTable<lathe_host_workspace> {
    try call.table(.workspace, lathe_host_workspace.self)
  }

  /// Copies `matrix` into the host's store under (node, key), until the stage ends.
  public func keep<T: HostScalar>(
    _ matrix: borrowing HostMatrix<T>, for node: Node? = nil, key: String
  ) throws(StrategyError) {
    let store = try workspace().function(\.keep, "keep")
    try call.check(store(call.host, node?.index ?? UInt32.max, key, matrix.box.tensor), "keep")
  }

  /// Forgets what was kept under (node, key).
  public func forget(for node: Node? = nil, key: String) throws(StrategyError) {
    let store = try workspace().function(\.keep, "keep")
    try call.check(store(call.host, node?.index ?? UInt32.max, key, nil), "keep")
  }

  /// What was kept under (node, key), borrowed and read-only; `.invalid` if nothing was.
  public func kept<T: HostScalar>(
    _ type: T.Type, for node: Node? = nil, key: String
  ) throws(StrategyError) -> HostMatrix<T> {
    let read = try workspace().function(\.kept, "kept")
    var tensor: UnsafePointer<lathe_tensor>?
    let status = read(call.host, node?.index ?? UInt32.max, key, &tensor)
    try call.check(status, "kept (\(node?.name ?? "the stage"), \(key))")
    guard let tensor else { throw StrategyError(.contract, "kept of the host gave no tensor") }
    return try HostMatrix(TensorBox(borrowed: tensor), from: "kept")
  }

  /// Whether something is kept under (node, key).
  public func hasKept(for node: Node? = nil, key: String) throws(StrategyError) -> Bool {
    let read = try workspace().function(\.kept, "kept")
    var tensor: UnsafePointer<lathe_tensor>?
    let status = read(call.host, node?.index ?? UInt32.max, key, &tensor)
    if status == LATHE_ERR_INVALID { return false }
    try call.check(status, "kept")
    return tensor != nil
  }
}
