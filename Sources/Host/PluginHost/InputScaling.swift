import CLathe
import Graph
import Tensors

/// Who can divide the input that a node shares with others: `scale_classes` and `scale_input` of lathe.h.
struct InputScaling {
  private enum Absorber {
    case norm(String)
    /// The layer whose output row `classes[j]` becomes input feature j.
    case rows(Node)
  }

  private let node: Node
  private let context: CallContext
  /// All nodes that read the input.
  private let readers: [Node]
  private let absorber: Absorber
  /// The number of the scale that feature j takes.
  let classes: [Int]

  /// Throws where nothing can absorb a scale, with the reason.
  init(of node: Node, in context: CallContext) throws(CallFault) {
    self.node = node
    self.context = context
    let snapshot = context.snapshot
    let selected = context.environment.selected
    let site = node.role.site
    let own = snapshot.nodes.filter { $0.block == node.block }
    readers = own.filter { $0.role.site == site }
    for reader in readers where !selected.contains(reader.index) {
      throw .unsupported(
        "the input of \(node.name) cannot be scaled: \(reader.name) reads it too and is not selected; include it"
      )
    }
    func before(_ role: Role) throws(CallFault) -> Absorber {
      guard let layer = own.first(where: { $0.role == role }) else {
        throw .unsupported(
          "the input of \(node.name) cannot be scaled: no layer before it can absorb a scale")
      }
      guard selected.contains(layer.index) else {
        throw .unsupported(
          "the input of \(node.name) cannot be scaled: \(layer.name) would absorb the scale and is not "
            + "selected; include it")
      }
      return .rows(layer)
    }
    let features = Array(0..<node.inFeatures)
    let names = snapshot.names
    let block = node.block ?? 0
    switch site {
    case .attention:
      (absorber, classes) = (.norm(TensorNames.name(names.inputNorm, block: block)), features)
    case .mlp:
      (absorber, classes) = (.norm(TensorNames.name(names.postAttentionNorm, block: block)), features)
    case .head: (absorber, classes) = (.norm(names.finalNorm), features)
    case .down: (absorber, classes) = (try before(.up), features)
    case .attentionOutput:
      // Query heads that share a value head read the same rows of the value layer.
      let configuration = snapshot.configuration
      let width = max(1, configuration.headDimension)
      let sharing = max(1, configuration.headCount / max(1, configuration.keyValueHeadCount))
      absorber = try before(.value)
      classes = features.map { $0 / width / sharing * width + $0 % width }
    }
  }

  /// Divides the input by `pointer`'s numbers and writes there what it was divided by.
  func apply(_ pointer: UnsafeMutablePointer<lathe_tensor>?) throws(CallFault) {
    let what = "the scales of the input of \(node.name)"
    let view = try ForeignTensor.read(pointer, what)
    guard view.elementType == .f32, view.shape == [node.inFeatures], !view.isReadOnly else {
      throw .contract("\(what) must be writable f32 [\(node.inFeatures)]")
    }
    let target = UnsafeMutableBufferPointer(
      start: view.base.assumingMemoryBound(to: Float.self), count: node.inFeatures)
    guard target.allSatisfy({ $0.isNormal && $0 > 0 && (1 / $0).isNormal }) else {
      throw .contract("\(what) must be positive and finite")
    }
    switch absorber {
    case .norm(let name): try divide(norm: name, target)
    case .rows(let layer): try divide(rowsOf: layer, target, what)
    }
    let applied = Array(target)
    context.state.withLock { state in
      for reader in readers {
        state.scalings.append(LinearScaling(input: applied), to: reader.index)
        state.unanswered.insert(reader.index)
      }
    }
  }

  private func divide(norm name: String, _ scales: UnsafeMutableBufferPointer<Float>) throws(CallFault) {
    let pending = context.state.withLock { $0.vectors[name] }
    guard let norm = pending ?? context.snapshot.others[name] else {
      throw .unsupported("the input of \(node.name) cannot be scaled: there is no tensor \(name)")
    }
    let (old, stored, new): ([Float], Tensor, [Float])
    do throws(TensorError) {
      old = try norm.floats()
      let quotients = zip(old, scales).map { $0 / $1 }
      stored = try Tensor(.f32, norm.shape) { bytes in
        quotients.withUnsafeBytes { bytes.copyMemory(from: $0) }
      }.converted(to: norm.elementType)
      new = try stored.floats()
    } catch {
      throw .contract("\(name): \(error)")
    }
    for j in old.indices where old[j] != 0 {
      guard new[j].isFinite, new[j] != 0 else {
        throw .numerical("\(name) divided by \(scales[j]) cannot be stored as \(norm.elementType.rawValue)")
      }
      scales[j] = old[j] / new[j]
    }
    context.state.withLock { $0.vectors[name] = stored }
  }

  private func divide(
    rowsOf layer: Node, _ scales: UnsafeMutableBufferPointer<Float>, _ what: String
  ) throws(CallFault) {
    var rows = [Float?](repeating: nil, count: layer.outFeatures)
    for (feature, row) in classes.enumerated() {
      guard rows.indices.contains(row), rows[row] ?? scales[feature] == scales[feature] else {
        throw .contract("\(what) must agree where scale_classes has the same number")
      }
      rows[row] = scales[feature]
    }
    let divisors = rows.map { $0 ?? 1 }
    guard let linear = context.linear(layer) else { throw .unsupported("a forecast has no weights") }
    let scaled: Linear
    let isFinite: Bool
    do {
      scaled = try linear.scalingRows(by: divisors.map { 1 / $0 })
      isFinite = try scaled.storedTensors.filter { $0.tensor.elementType.isReal }.allSatisfy {
        try $0.tensor.floats().allSatisfy(\.isFinite)
      }
    } catch {
      throw .contract("\(layer.name): \(error)")
    }
    guard isFinite else { throw .numerical("\(layer.name) has rows that cannot be scaled in their type") }
    context.state.withLock { state in
      state.replacements[layer.index] = .full(scaled)
      state.scalings.append(LinearScaling(output: divisors), to: layer.index)
    }
  }
}
