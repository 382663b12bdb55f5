import Graph
import Tensors

/// The model as one call of a plugin sees it: all forms, and the numbers unless it is a forecast.
public struct ModelSnapshot: Sendable {
  public let configuration: DecoderConfiguration
  public let names: TensorNames
  public let nodes: [Node]
  /// By node index.
  public var forms: [LinearForm]
  /// By node index; nil in a forecast.
  public let linears: [Linear]?
  /// Tensors that belong to no linear layer; empty in a forecast.
  let others: [String: Tensor]
  /// Bytes of the tensors that belong to no linear layer.
  public let otherBytes: Int

  public init(_ model: Model) {
    configuration = model.configuration
    names = model.names
    others = model.others
    nodes = model.nodes
    forms = model.linears.map(\.form)
    linears = model.linears
    otherBytes =
      model.others.values.reduce(0) { $0 + $1.byteCount }
      + model.linears.reduce(0) { $0 + ($1.bias?.byteCount ?? 0) }
  }

  /// The same model with shapes only.
  public var shapesOnly: ModelSnapshot {
    ModelSnapshot(
      configuration: configuration, names: names, nodes: nodes, forms: forms, linears: nil, others: [:],
      otherBytes: otherBytes)
  }

  /// The same shapes with `form` in the place of `node`.
  public func with(_ form: LinearForm, at node: Node) -> ModelSnapshot {
    var copy = shapesOnly
    copy.forms[node.index] = form
    return copy
  }

  /// The files that hold weights, each once.
  var files: [OpenFile] {
    var seen: Set<ObjectIdentifier> = []
    return ((linears ?? []).flatMap(\.storedTensors).map(\.tensor) + others.values).compactMap(
      \.storage.range?.file
    ).filter {
      seen.insert(ObjectIdentifier($0)).inserted
    }
  }

  public var byteCount: Int { forms.reduce(otherBytes) { $0 + $1.byteCount } }

  init(
    configuration: DecoderConfiguration, names: TensorNames, nodes: [Node], forms: [LinearForm],
    linears: [Linear]?, others: [String: Tensor], otherBytes: Int
  ) {
    self.configuration = configuration
    self.names = names
    self.others = others
    self.nodes = nodes
    self.forms = forms
    self.linears = linears
    self.otherBytes = otherBytes
  }
}
