import Tensors

/// A linear layer's place in the model.
public struct Node: Sendable, Hashable, Codable {
  /// Position in `Model.nodes`; stable through all stages.
  public let index: Int
  /// Name in the checkpoint without the trailing `.weight`.
  public let name: String
  public let role: Role
  /// The decoder block, or nil for the language model head.
  public let block: Int?
  public let outFeatures: Int
  public let inFeatures: Int
  /// The element type its dense factors are stored in.
  public let elementType: ElementType

  public init(
    index: Int, name: String, role: Role, block: Int?, outFeatures: Int, inFeatures: Int,
    elementType: ElementType
  ) {
    self.index = index
    self.name = name
    self.role = role
    self.block = block
    self.outFeatures = outFeatures
    self.inFeatures = inFeatures
    self.elementType = elementType
  }
}

/// A decoder at one moment: its configuration, its linear layers as they are now, and its other tensors.
///
/// A value: a stage maps a model to a model. Tensors of a checkpoint are mapped, so copies cost little.
public struct Model: Sendable {
  public let configuration: DecoderConfiguration
  public let names: TensorNames
  public let nodes: [Node]
  /// By node index.
  public private(set) var linears: [Linear]
  /// All tensors that belong to no linear layer (embedding, norms, and any the architecture does not name).
  public private(set) var others: [String: Tensor]

  public init(
    configuration: DecoderConfiguration, names: TensorNames, nodes: [Node], linears: [Linear],
    others: [String: Tensor]
  ) {
    self.configuration = configuration
    self.names = names
    self.nodes = nodes
    self.linears = linears
    self.others = others
  }

  /// The nodes of one block, in the order of `TensorNames.linears`.
  public func nodes(inBlock block: Int) -> [Node] { nodes.filter { $0.block == block } }

  /// Puts `linear`, whose outer sizes must be the node's, in the place of the node's layer.
  public mutating func replace(_ node: Node, with linear: Linear) throws(GraphError) {
    try linear.form.checkChain(outFeatures: node.outFeatures, inFeatures: node.inFeatures)
    linears[node.index] = linear
  }

  /// Puts `tensor`, of the same shape and type, in the place of the tensor `name` that belongs to no linear layer.
  public mutating func replace(_ name: String, with tensor: Tensor) throws(GraphError) {
    guard let old = others[name], old.shape == tensor.shape, old.elementType == tensor.elementType else {
      throw .notInPlace(tensor: name, found: tensor.shape)
    }
    others[name] = tensor
  }

  /// Every tensor of the checkpoint by full name, sorted by name.
  public var storedTensors: [(name: String, tensor: Tensor)] {
    var result = others.map { (name: $0.key, tensor: $0.value) }
    for node in nodes {
      result += linears[node.index].storedTensors.map { (name: "\(node.name).\($0.name)", tensor: $0.tensor) }
    }
    return result.sorted { $0.name < $1.name }
  }
}
