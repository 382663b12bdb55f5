import Glibc
import Graph
import Tensors

/// Puts the tensors of a folder in their places in a `Model`, checking each against the configuration.
struct ModelBuilder {
  let directory: String
  let configuration: DecoderConfiguration
  let layout: FactorLayout
  /// Tensors that have no place yet.
  var tensors: [String: Tensor]
  /// Names of tensors that were put aside.
  private(set) var ignored: [String] = []

  init(
    directory: String, configuration: DecoderConfiguration, layout: FactorLayout, tensors: [String: Tensor]
  ) {
    self.directory = directory
    self.configuration = configuration
    self.layout = layout
    self.tensors = tensors
  }

  mutating func build() throws(ModelIOError) -> Model {
    let names: TensorNames
    do { names = try Architecture.named(configuration.architecture).names } catch {
      throw .checkpoint(path: directory, .badLinear(configuration.architecture, error))
    }
    var nodes: [Node] = []
    var linears: [Linear] = []
    for block in 0..<configuration.blockCount {
      for (role, template) in names.linears {
        let name = TensorNames.name(template, block: block)
        let linear = try takeLinear(name, role: role)
        nodes.append(node(nodes.count, name, role, block: block, linear))
        linears.append(linear)
      }
      try checkNorms(names, block: block)
    }
    let width = configuration.hiddenSize
    try check(names.embedding, shape: [configuration.vocabularySize, width])
    try check(names.finalNorm, shape: [width])
    if configuration.isTied {
      try ignoreHead(names)
    } else {
      let linear = try takeLinear(names.head, role: .languageModelHead)
      nodes.append(node(nodes.count, names.head, .languageModelHead, block: nil, linear))
      linears.append(linear)
    }
    let known = Set(nodes.map(\.name))
    if let unknown = layout.linears.keys.filter({ !known.contains($0) }).min() {
      throw .checkpoint(path: directory, .unknownLinear(unknown))
    }
    return Model(configuration: configuration, names: names, nodes: nodes, linears: linears, others: tensors)
  }

  /// Puts aside the head that some writers store beside tied embeddings.
  ///
  /// A head that differs from the embedding is refused: transformers 4 ignores it, transformers 5 uses it.
  private mutating func ignoreHead(_ names: TensorNames) throws(ModelIOError) {
    let weight = "\(names.head).weight"
    if let head = tensors[weight], let embedding = tensors[names.embedding] {
      let same = head.withBytes { left in embedding.withBytes { right in Self.areEqual(left, right) } }
      guard same, head.elementType == embedding.elementType, head.shape == embedding.shape else {
        throw fault(.headDiffers(head: weight, embedding: names.embedding))
      }
    }
    ignored = tensors.keys.filter { $0.hasPrefix(names.head + ".") }.sorted()
    for name in ignored { tensors[name] = nil }
  }

  private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return left.isEmpty }
    return memcmp(first, second, left.count) == 0
  }

  private func checkNorms(_ names: TensorNames, block: Int) throws(ModelIOError) {
    for template in [names.inputNorm, names.postAttentionNorm] {
      try check(TensorNames.name(template, block: block), shape: [configuration.hiddenSize])
    }
    guard configuration.hasQueryKeyNorm else { return }
    for template in [names.queryNorm, names.keyNorm] {
      try check(TensorNames.name(template, block: block), shape: [configuration.headDimension])
    }
  }

  private func node(_ index: Int, _ name: String, _ role: Role, block: Int?, _ linear: Linear) -> Node {
    let types = linear.terms.joined().compactMap { factor -> ElementType? in
      switch factor {
      case .dense(let tensor), .diagonal(let tensor): tensor.elementType
      case .quantized, .codebook: nil
      }
    }
    let scales = linear.terms.joined().compactMap { factor -> ElementType? in
      switch factor {
      case .dense, .diagonal: nil
      case .quantized(let matrix): matrix.scales.elementType
      case .codebook(let matrix): matrix.scales.elementType
      }
    }
    return Node(
      index: index, name: name, role: role, block: block, outFeatures: linear.outFeatures,
      inFeatures: linear.inFeatures, elementType: types.first ?? scales.first ?? .f32)
  }

  /// Throws unless the tensor is there, has this shape and holds real numbers.
  func check(_ name: String, shape: [Int]) throws(ModelIOError) {
    guard let tensor = tensors[name] else { throw fault(.missingTensor(name)) }
    try checkReal(name, tensor)
    guard tensor.shape == shape else {
      throw fault(.wrongShape(tensor: name, expected: shape, found: tensor.shape))
    }
  }

  func checkReal(_ name: String, _ tensor: Tensor) throws(ModelIOError) {
    guard tensor.elementType.isReal else {
      throw fault(
        .wrongType(tensor: name, expected: "F64, F32, F16 or BF16", found: tensor.elementType.rawValue))
    }
  }

  func fault(_ fault: CheckpointFault) -> ModelIOError { .checkpoint(path: directory, fault) }
}
