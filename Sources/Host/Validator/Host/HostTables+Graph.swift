import CLathe
import Tensors

extension HostTables {
  static func makeGraph() -> lathe_host_graph {
    var table = lathe_host_graph()
    table.model = { handle, info in
      serve(handle, "model") { (call) throws(Refusal) in
        let model = call.host.model
        var value = lathe_model_info()
        value.block_count = Int32(model.blockCount)
        value.architecture = call.lend(text: "tiny")
        value.hidden_size = Int64(model.hiddenSize)
        value.vocabulary_size = Int64(model.vocabularySize)
        value.stored_bytes = UInt64(call.host.state.withLock { $0.forms.reduce(0) { $0 + $1.byteCount } })
        try call.answer(info, value, "model")
      }
    }
    table.node_count = { handle in
      guard let call = CheckedCall.of(handle) else { return 0 }
      call.entered("node_count")
      return UInt32(call.host.model.nodes.count)
    }
    table.node = { handle, index, info in
      serve(handle, "node") { (call) throws(Refusal) in
        let node = try call.node(index)
        var value = lathe_node_info()
        value.kind = Int32(LATHE_NODE_LINEAR)
        value.role = node.role
        value.block = Int32(node.block)
        value.flags = node.isSelected ? UInt32(LATHE_NODE_SELECTED) : 0
        value.input_group = node.inputGroup
        value.name = call.lend(text: node.name)
        value.in_features = Int64(node.inFeatures)
        value.out_features = Int64(node.outFeatures)
        value.stored_bytes = UInt64(call.host.state.withLock { $0.forms[Int(index)].byteCount })
        value.dtype = TensorBytes.dtype(of: node.type)
        try call.answer(info, value, "node")
      }
    }
    table.linear = { handle, index, out in
      serve(handle, "linear") { (call) throws(Refusal) in
        _ = try call.node(index)
        out?.pointee = call.lend(form: Int(index))
      }
    }
    table.dense_weight = { handle, index, out in
      serve(handle, "dense_weight") { (call) throws(Refusal) in
        let node = try call.node(index)
        if case .forecast = call.phase { throw .no(LATHE_ERR_UNSUPPORTED, "a forecast has no weights") }
        call.worked("dense_weight")
        guard let weight = call.form(Int(index)).form.matrix else {
          throw .no(LATHE_ERR_UNSUPPORTED, "the weight of \(node.name) cannot be computed")
        }
        let shape = [Int64(weight.rows), Int64(weight.columns)]
        let label = "dense_weight \(shape) of \(node.name) in \(call.phase.name)"
        let tensor = HostTensor(owned: TensorBytes.dtype(of: .f32), shape, host: call.host, label: label)
        TensorBytes.write(weight.numbers, .f32, to: tensor.base)
        out?.pointee = tensor.pointer
      }
    }
    table.replace_linear = { handle, index, form in
      serve(handle, "replace_linear", .replacements) { (call) throws(Refusal) in
        // A kind of its own, and one of all calls.
        if call.host.shouldFail(.calls, "replace_linear") {
          throw .no(Int(call.host.options.failingStatus), "replace_linear was made to fail by the validator")
        }
        let node = try call.node(index)
        let isForecast = try call.checkMayReplace(Int(index), node)
        if !isForecast { call.worked("replace_linear") }
        let given = try FormReader(call: call, node: node, needsValues: !isForecast).read(form)
        call.state.withLock { state in
          state.staged[Int(index)] = given
          state.unanswered.remove(Int(index))
          state.replacements += 1
        }
      }
    }
    addScaling(to: &table)
    return table
  }
}

extension CheckedCall {
  func node(_ index: lathe_node) throws(Refusal) -> TinyNode {
    guard index < UInt32(host.model.nodes.count) else {
      note("nodes-exist", "a call", "node \(index) does not exist; the model has \(host.model.nodes.count)")
      throw .no(LATHE_ERR_CONTRACT, "node \(index) does not exist")
    }
    return host.model.nodes[Int(index)]
  }

  /// Whether this is a forecast; throws where the node may not be replaced by this call.
  func checkMayReplace(_ index: Int, _ node: TinyNode) throws(Refusal) -> Bool {
    if host.isInsideParallel() {
      note("graph-calls-outside-parallel", "replace_linear", "it was called from within for_each")
    }
    if !node.isSelected { throw .broke("replaces-selected-only", "\(node.name) is not selected") }
    switch phase {
    case .finish: return false
    case .compress(let block):
      guard block == node.block else {
        throw .broke("replaces-own-block-only", "\(node.name) belongs to block \(node.block)")
      }
      return false
    case .forecast(let asked):
      guard asked == index else {
        throw .broke("forecasts-what-is-asked", "\(node.name) was replaced, another node was asked about")
      }
      return true
    default: throw .broke("replaces-in-compress", "\(node.name) cannot be replaced in this phase")
    }
  }

  /// Writes as much of `value` as the caller's table has room for.
  func answer<Table: BitwiseCopyable>(
    _ target: UnsafeMutablePointer<Table>?, _ value: Table, _ function: String
  ) throws(Refusal) {
    guard let target else { throw .no(LATHE_ERR_CONTRACT, "\(function): no table was given") }
    let size = UnsafeRawPointer(target).load(as: UInt32.self)
    if size < 8 || size > 4096 {
      note("info-tables-state-their-size", function, "struct_size of the table it fills is \(size)")
    }
    // A table without a size is taken to be this header's.
    let count = size < 8 || size > 4096 ? MemoryLayout<Table>.size : min(Int(size), MemoryLayout<Table>.size)
    withUnsafeBytes(of: value) { bytes in
      let target = UnsafeMutableRawPointer(target)
      guard let source = bytes.baseAddress, count > 4 else { return }
      (target + 4).copyMemory(from: source + 4, byteCount: count - 4)
    }
  }

  /// The form and the bias of a node as this call sees them: what the call itself made of it, else those of the model.
  func form(_ index: Int) -> (form: TinyForm, bias: [Double]?) {
    let present = host.state.withLock { ($0.forms[index], $0.biases[index]) }
    if case .forecast = phase { return present }
    guard let staged = state.withLock({ $0.staged[index] }) else { return present }
    return (staged.form, staged.bias ?? present.1)
  }

  /// The form of a node now, lent with its values, or as a shape in a forecast.
  func lend(form index: Int) -> UnsafePointer<lathe_linear> {
    let (form, bias) = self.form(index)
    let name = host.model.nodes[index].name
    var isShape = false
    if case .forecast = phase { isShape = true }
    let terms = form.enumerated().map { t, factors -> UnsafePointer<lathe_term>? in
      let matrices = factors.enumerated().map { f, factor -> UnsafePointer<lathe_matrix>? in
        lend(
          table: matrix(factor, "factor \(t).\(f) of \(name)", isShape: isShape), "a matrix of \(name)")
      }
      var term = lathe_term()
      term.factor_count = UInt32(factors.count)
      term.factors = UnsafePointer(lend(matrices, "the factors of \(name)"))
      return lend(table: term, "a term of \(name)")
    }
    var linear = lathe_linear()
    linear.term_count = UInt32(terms.count)
    linear.terms = UnsafePointer(lend(terms, "the terms of \(name)"))
    let type = host.model.nodes[index].type
    linear.bias = bias.map { lend(tensor: $0, type, [$0.count], "the bias of \(name)") }
    return lend(table: linear, "the form of \(name)")
  }

  private func matrix(_ factor: TinyFactor, _ label: String, isShape: Bool) -> lathe_matrix {
    var matrix = lathe_matrix()
    matrix.storage = factor.storage
    matrix.rows = Int64(factor.rows)
    matrix.columns = Int64(factor.columns)
    matrix.bits = Int32(factor.bits)
    matrix.group_size = Int32(factor.groupSize)
    matrix.dtype = TensorBytes.dtype(of: factor.type)
    if factor.hasZeros { matrix.flags = UInt32(LATHE_MATRIX_ZERO_POINTS) }
    guard !isShape else { return matrix }
    let shape = factor.isDiagonal ? [factor.rows] : [factor.rows, factor.columns]
    matrix.values = lend(tensor: factor.values, factor.isQuantized ? .u8 : factor.type, shape, label)
    if factor.isQuantized {
      let groups = [factor.rows, factor.groups]
      matrix.scales = lend(tensor: factor.scales, factor.type, groups, "the scales of \(label)")
      matrix.codebook = factor.table.map { lend(tensor: $0, .f32, [$0.count], "the codebook of \(label)") }
      matrix.zero_points = factor.zeros.map { lend(tensor: $0, .u8, groups, "the zero points of \(label)") }
    }
    return matrix
  }
}
