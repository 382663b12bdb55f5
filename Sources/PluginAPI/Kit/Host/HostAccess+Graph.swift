import CLathe

extension HostAccess where Self: ~Copyable {
  func graph() throws(StrategyError) -> HostTable<lathe_host_graph> {
    try call.table(.graph, lathe_host_graph.self)
  }

  /// Every linear layer of the model, in the order of the host's indices.
  public func nodes() throws(StrategyError) -> [Node] {
    let count = try graph().function(\.node_count, "node_count")(call.host)
    var nodes: [Node] = []
    for index in 0..<count {
      if let node = try node(index) { nodes.append(node) }
    }
    return nodes
  }

  /// The linear layers that the recipe allows to replace.
  public func selectedNodes() throws(StrategyError) -> [Node] {
    try nodes().filter { $0.isSelected }
  }

  /// Nil for a node that is no linear layer.
  func node(_ index: lathe_node) throws(StrategyError) -> Node? {
    let read = try graph().function(\.node, "node")
    var info = lathe_node_info()
    info.struct_size = UInt32(MemoryLayout<lathe_node_info>.size)
    try call.check(read(call.host, index, &info), "node")
    return info.kind == LATHE_NODE_LINEAR ? Node(index: index, info) : nil
  }

  /// Facts about the whole model.
  public func modelFacts() throws(StrategyError) -> ModelFacts {
    let read = try graph().function(\.model, "model")
    var info = lathe_model_info()
    info.struct_size = UInt32(MemoryLayout<lathe_model_info>.size)
    try call.check(read(call.host, &info), "model")
    return ModelFacts(info)
  }

  /// The factors of `node` as they are now, borrowed; in a forecast they may be without values.
  public func form(of node: Node) throws(StrategyError) -> LinearForm {
    let read = try graph().function(\.linear, "linear")
    var linear: UnsafePointer<lathe_linear>?
    try call.check(read(call.host, node.index, &linear), "linear")
    guard let linear else { throw StrategyError(.contract, "linear of the host gave nothing") }
    return try LinearForm(reading: linear)
  }

  /// The shapes of the factors of `node` as they are now.
  public func shape(of node: Node) throws(StrategyError) -> LinearShape { try form(of: node).shape }

  /// The sum of all terms' products, `[out, in]`; `.numerical` where the stored weights are not finite.
  public func denseWeight(of node: Node) throws(StrategyError) -> HostMatrix<Float> {
    let read = try graph().function(\.dense_weight, "dense_weight")
    var tensor: UnsafeMutablePointer<lathe_tensor>?
    try call.check(read(call.host, node.index, &tensor), "dense_weight of \(node.name)")
    let weight = try HostMatrix<Float>(call.adopt(tensor, from: "dense_weight"), from: "dense_weight")
    guard weight.rows == node.outFeatures, weight.columns == node.inFeatures else {
      throw .brokenTensor(
        "is [\(weight.rows), \(weight.columns)] and not [\(node.outFeatures), \(node.inFeatures)]",
        from: "dense_weight")
    }
    return weight
  }

  /// Which features of the input of `node` must be scaled alike: the class of each. `.unsupported`, with the reason,
  /// where nothing can absorb a scale.
  public func scaleClasses(of node: Node) throws(StrategyError) -> [Int] {
    let read = try graph().function(\.scale_classes, "scale_classes")
    var tensor: UnsafeMutablePointer<lathe_tensor>?
    try call.check(read(call.host, node.index, &tensor), "scale_classes of \(node.name)")
    let classes = try HostMatrix<Int32>(call.adopt(tensor, from: "scale_classes"), from: "scale_classes")
      .array()
    let range = 0..<Int32(clamping: node.inFeatures)
    guard classes.count == node.inFeatures, classes.allSatisfy(range.contains) else {
      throw .brokenTensor("holds no class for each of \(node.inFeatures) features", from: "scale_classes")
    }
    return classes.map(Int.init)
  }

  func replace(
    _ node: lathe_node, _ name: String, _ terms: [[Factor]], bias: TensorBox?
  ) throws(StrategyError) {
    let write = try graph().function(\.replace_linear, "replace_linear")
    let status = withCLinear(terms, bias: bias) { write(call.host, node, $0) }
    try call.check(status, "replace_linear of \(name)")
  }
}
