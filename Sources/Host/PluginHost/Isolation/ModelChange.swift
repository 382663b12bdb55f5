import Graph
import Tensors

/// The model of a call as the difference to what the worker already has.
struct ModelChange: Codable, Sendable {
  var configuration: DecoderConfiguration?
  var names: TensorNames?
  var nodes: [Node]?
  var otherBytes = 0
  /// Whether the call sees numbers.
  var hasValues = false
  var forms: [Int: LinearForm] = [:]
  var linears: [Int: Linear] = [:]
  /// Tensors outside the linear layers, by name.
  var others: [String: Tensor] = [:]
}

/// What a worker has of the model, kept in step on both sides.
struct ModelCopy: Sendable {
  private var configuration: DecoderConfiguration?
  private var names = TensorNames.huggingFace
  private var nodes: [Node] = []
  private var forms: [LinearForm?] = []
  private var linears: [Linear?] = []
  private var others: [String: Tensor] = [:]

  /// In the parent: what must be sent so that the worker sees `snapshot`.
  mutating func change(to snapshot: ModelSnapshot) -> ModelChange {
    var change = ModelChange()
    change.otherBytes = snapshot.otherBytes
    change.hasValues = snapshot.linears != nil
    if configuration != snapshot.configuration {
      change.configuration = snapshot.configuration
      change.names = snapshot.names
      change.nodes = snapshot.nodes
    }
    for (index, form) in snapshot.forms.enumerated() where element(forms, index) != form {
      change.forms[index] = form
    }
    for (index, linear) in (snapshot.linears ?? []).enumerated() {
      if let old = element(linears, index), Self.isSame(old, linear) { continue }
      change.linears[index] = linear
    }
    change.others = snapshot.others.filter { name, tensor in
      others[name].map { !Self.isSame($0, tensor) } ?? true
    }
    apply(change)
    return change
  }

  /// In the worker: takes `change` over.
  mutating func apply(_ change: ModelChange) {
    if let new = change.configuration, let all = change.nodes {
      configuration = new
      names = change.names ?? names
      nodes = all
      forms = Array(repeating: nil, count: all.count)
      linears = Array(repeating: nil, count: all.count)
    }
    for (index, form) in change.forms where forms.indices.contains(index) { forms[index] = form }
    for (index, linear) in change.linears where linears.indices.contains(index) { linears[index] = linear }
    others.merge(change.others) { _, new in new }
  }

  /// The model as a call sees it; nil where something was never sent.
  func snapshot(_ change: ModelChange) -> ModelSnapshot? {
    guard let configuration else { return nil }
    let forms = forms.compactMap { $0 }
    let linears = linears.compactMap { $0 }
    guard forms.count == nodes.count, !change.hasValues || linears.count == nodes.count else { return nil }
    return ModelSnapshot(
      configuration: configuration, names: names, nodes: nodes, forms: forms,
      linears: change.hasValues ? linears : nil, others: change.hasValues ? others : [:],
      otherBytes: change.otherBytes)
  }

  /// Gives the memory of all weights back; the files they lie in keep them.
  func evict() {
    for linear in linears { linear?.storedTensors.forEach { $0.tensor.evict() } }
  }

  private func element<Element>(_ list: [Element?], _ index: Int) -> Element? {
    list.indices.contains(index) ? list[index] : nil
  }

  /// Whether both layers are the same bytes in memory. Tensors that are made anew whenever they are asked for are
  /// few bytes, which are compared.
  private static func isSame(_ a: Linear, _ b: Linear) -> Bool {
    let (left, right) = (a.storedTensors, b.storedTensors)
    guard left.count == right.count, a.form == b.form else { return false }
    return zip(left, right).allSatisfy { isSame($0.tensor, $1.tensor) }
  }

  private static func isSame(_ x: Tensor, _ y: Tensor) -> Bool {
    if x.storage === y.storage { return x.byteOffset == y.byteOffset }
    guard x.byteCount <= 64, x.byteCount == y.byteCount else { return false }
    return x.withBytes { a in y.withBytes { b in a.elementsEqual(b) } }
  }
}
