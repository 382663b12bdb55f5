import CLathe
import Tensors

extension HostTables {
  /// `scale_classes` and `scale_input` of lathe.graph/1.
  static func addScaling(to table: inout lathe_host_graph) {
    table.scale_classes = { handle, index, out in
      serve(handle, "scale_classes") { (call) throws(Refusal) in
        let input = try ScaledInput(of: call.node(index), Int(index), in: call.host)
        let bytes = input.classes.flatMap { value in withUnsafeBytes(of: Int32(value)) { Array($0) } }
        let tensor = HostTensor(
          owned: lathe_dtype(code: UInt8(LATHE_INT), bits: 32, lanes: 1), [Int64(input.classes.count)],
          host: call.host, label: "scale_classes of \(input.node.name) in \(call.phase.name)")
        tensor.base.copyMemory(from: bytes, byteCount: bytes.count)
        out?.pointee = tensor.pointer
      }
    }
    table.scale_input = { handle, index, scales in
      serve(handle, "scale_input") { (call) throws(Refusal) in
        let node = try call.node(index)
        guard case .compress(let block) = call.phase, block == node.block else {
          throw .broke(
            "scales-are-sound", "the input of \(node.name) was scaled outside compress of its own block")
        }
        try call.scale(ScaledInput(of: node, Int(index), in: call.host), scales)
      }
    }
  }
}

/// Who reads an input that is to be scaled, and what can absorb the scale.
struct ScaledInput {
  let node: TinyNode
  /// All nodes that read it.
  let readers: [Int]
  /// The layer whose row `classes[j]` becomes feature j; nil where a norm stands before.
  let absorber: Int?
  let classes: [Int]

  init(of node: TinyNode, _ index: Int, in host: CheckedHost) throws(Refusal) {
    self.node = node
    let nodes = host.model.nodes
    readers = nodes.indices.filter {
      nodes[$0].block == node.block && nodes[$0].inputGroup == node.inputGroup
    }
    let before: Int32? =
      switch Int(node.role) {
      case LATHE_ROLE_ATTENTION_OUT: Int32(LATHE_ROLE_VALUE)
      case LATHE_ROLE_DOWN: Int32(LATHE_ROLE_UP)
      default: nil
      }
    absorber = before.flatMap { role in
      nodes.indices.first { nodes[$0].block == node.block && nodes[$0].role == role }
    }
    for other in readers + (absorber.map { [$0] } ?? []) where !nodes[other].isSelected {
      throw .no(
        LATHE_ERR_UNSUPPORTED,
        "the input of \(node.name) cannot be scaled: \(nodes[other].name) is not selected; include it")
    }
    // Query heads that share a value head read the same rows.
    let rows = absorber.map { nodes[$0].outFeatures } ?? node.inFeatures
    classes = (0..<node.inFeatures).map { $0 % rows }
  }
}

extension CheckedCall {
  fileprivate func scale(
    _ input: ScaledInput, _ pointer: UnsafeMutablePointer<lathe_tensor>?
  ) throws(Refusal) {
    let name = input.node.name
    let given: GivenTensor
    do throws(Refusal) { given = try GivenTensor(pointer, "the scales of the input of \(name)") } catch {
      throw .broke("scales-are-sound", error.message)
    }
    guard given.type == .f32, given.shape == [input.node.inFeatures], !given.isReadOnly else {
      throw .broke(
        "scales-are-sound", "the scales of \(name) are no writable float32 [\(input.node.inFeatures)]")
    }
    var scales = given.numbers
    if let bad = scales.firstIndex(where: { !(Float($0).isNormal && $0 > 0 && (1 / Float($0)).isNormal) }) {
      throw .broke("scales-are-sound", "scale \(bad) of the input of \(name) is \(scales[bad])")
    }
    if let layer = input.absorber {
      try divideRows(of: layer, by: scales, input)
    } else {
      try divideNorm(by: &scales, input)
      TensorBytes.write(scales, .f32, to: given.base)
    }
    for reader in input.readers {
      var scaling = NodeScaling(of: host.model.nodes[reader])
      scaling.input = scales
      add(scaling, reader)
      state.withLock { _ = $0.unanswered.insert(reader) }
    }
  }

  private func add(_ scaling: NodeScaling, _ index: Int) {
    state.withLock { $0.scalings[index] = $0.scalings[index]?.followed(by: scaling) ?? scaling }
  }

  /// The norm before the input is stored in the node's type; the scales become what it was divided by.
  private func divideNorm(by scales: inout [Double], _ input: ScaledInput) throws(Refusal) {
    let group = input.node.inputGroup
    let old =
      state.withLock { $0.norms[group] } ?? host.state.withLock { $0.norms[group] }
      ?? scales.map { _ in 1 }
    let new = zip(old, scales).map { input.node.type.rounding($0 / $1) }
    guard new.allSatisfy({ $0.isFinite && $0 != 0 }) else {
      throw .no(LATHE_ERR_NUMERICAL, "the norm before \(input.node.name) cannot be stored as it would be")
    }
    scales = zip(old, new).map { $0 / $1 }
    state.withLock { $0.norms[group] = new }
  }

  private func divideRows(of layer: Int, by scales: [Double], _ input: ScaledInput) throws(Refusal) {
    var divisors = [Double](repeating: 1, count: host.model.nodes[layer].outFeatures)
    for (feature, row) in input.classes.enumerated() {
      guard feature < divisors.count || divisors[row] == scales[feature] else {
        throw .broke(
          "scales-are-sound",
          "the scales of features \(row) and \(feature) of the input of \(input.node.name) differ; scale_classes has one number for them"
        )
      }
      divisors[row] = scales[feature]
    }
    let factors = divisors.map { 1 / $0 }
    let (form, bias) = self.form(layer)
    let scaled = form.map { term in
      term.enumerated().map { $0.offset == term.count - 1 ? $0.element.scalingRows(by: factors) : $0.element }
    }
    let scaledBias = bias.map { zip($0, factors).map { host.model.nodes[layer].type.rounding($0 * $1) } }
    state.withLock { $0.staged[layer] = (scaled, scaledBias) }
    var scaling = NodeScaling(of: host.model.nodes[layer])
    scaling.output = divisors
    add(scaling, layer)
  }

  /// What a call that went well made of inputs; each reader must have a replacement.
  func commitScalings() {
    let (scalings, norms, unanswered) = state.withLock { ($0.scalings, $0.norms, $0.unanswered) }
    if let missing = unanswered.min() {
      note(
        "scaled-inputs-are-answered", "scale_input",
        "the input of \(host.model.nodes[missing].name) was scaled, and it was given no replacement for it")
    }
    host.state.withLock { state in
      for (index, next) in scalings {
        state.scalings[index] = state.scalings[index]?.followed(by: next) ?? next
      }
      state.norms.merge(norms) { $1 }
    }
  }
}
