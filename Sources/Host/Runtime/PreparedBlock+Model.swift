import Graph
import LinearAlgebra

extension PreparedBlock {
  /// Reads, converts and checks the weights of `block`.
  public init(model: Model, block: Int, workers: Workers) throws(RuntimeError) {
    let configuration = model.configuration
    let names = model.names
    func norm(_ template: String, count: Int) throws(RuntimeError) -> RMSNorm {
      let weight = try model.vector(TensorNames.name(template, block: block), count: count)
      return RMSNorm(weight: weight, epsilon: configuration.normEpsilon)
    }
    let layers = try Self.layers(of: model, block: block, workers: workers)
    func layer(_ role: Role) throws(RuntimeError) -> PreparedLinear {
      guard let found = layers[role] else { throw .missingLayer(role, block: block) }
      let shape = configuration.shape(of: role)
      guard [found.outFeatures, found.inFeatures] == shape else {
        throw .layerShape(found.name, expected: shape, found: [found.outFeatures, found.inFeatures])
      }
      return found
    }
    index = block
    inputNorm = try norm(names.inputNorm, count: configuration.hiddenSize)
    postAttentionNorm = try norm(names.postAttentionNorm, count: configuration.hiddenSize)
    query = try layer(.query)
    key = try layer(.key)
    value = try layer(.value)
    attentionOutput = try layer(.attentionOutput)
    if configuration.hasQueryKeyNorm {
      queryNorm = try norm(names.queryNorm, count: configuration.headDimension)
      keyNorm = try norm(names.keyNorm, count: configuration.headDimension)
    } else {
      (queryNorm, keyNorm) = (nil, nil)
    }
    let windows = configuration.windows
    attention = Attention(
      headCount: configuration.headCount, keyValueHeadCount: configuration.keyValueHeadCount,
      headDimension: configuration.headDimension, window: block < windows.count ? windows[block] : nil)
    mlp = GatedMLP(
      gate: try layer(.gate), up: try layer(.up), down: try layer(.down), activation: configuration.activation
    )
  }

  private static func layers(
    of model: Model, block: Int, workers: Workers
  ) throws(RuntimeError) -> [Role: PreparedLinear] {
    let nodes = model.nodes(inBlock: block)
    let prepared = try workers.map(count: nodes.count) { (index) throws(RuntimeError) in
      try PreparedLinear(model.linears[nodes[index].index], name: nodes[index].name)
    }
    return Dictionary(zip(nodes.map(\.role), prepared)) { first, _ in first }
  }
}
