import Graph
import Tensors

/// Small decoders with random weights that are a function of their seed.
public enum RandomModel {
  /// A configuration with small extents, to be changed as a test needs.
  public static func configuration(
    blockCount: Int = 2, hiddenSize: Int = 24, vocabularySize: Int = 53, isTied: Bool = false
  ) -> DecoderConfiguration {
    DecoderConfiguration(
      architecture: "llama", hiddenSize: hiddenSize, intermediateSize: 40, blockCount: blockCount,
      headCount: 4, keyValueHeadCount: 2, headDimension: 8, vocabularySize: vocabularySize, normEpsilon: 1e-5,
      activation: .silu, rotary: RotaryConfiguration(theta: 10000, dimensions: 8, scaling: .none),
      isTied: isTied, hasQueryKeyNorm: false, windows: Array(repeating: nil, count: blockCount),
      biasedRoles: [], maximumPositions: 128)
  }

  /// Weights with standard deviation 0.3 as `elementType`, norms near 1.
  public static func model(
    _ configuration: DecoderConfiguration, elementType: ElementType = .f32, seed: UInt64 = 1
  ) throws -> Model {
    let names = TensorNames.huggingFace
    var stream: UInt64 = 0
    func tensor(_ shape: [Int], mean: Float = 0) throws -> Tensor {
      stream += 1
      return try normals(shape, seed: seed, stream: stream, deviation: 0.3, mean: mean).converted(
        to: elementType)
    }
    var nodes: [Node] = []
    var linears: [Linear] = []
    func add(_ name: String, _ role: Role, block: Int?) throws {
      let shape = configuration.shape(of: role)
      nodes.append(
        Node(
          index: nodes.count, name: name, role: role, block: block, outFeatures: shape[0],
          inFeatures: shape[1], elementType: elementType))
      let bias = configuration.biasedRoles.contains(role) ? try tensor([shape[0]]) : nil
      linears.append(try Linear(weight: tensor(shape), bias: bias))
    }
    let width = configuration.hiddenSize
    var others = [
      names.embedding: try tensor([configuration.vocabularySize, width]),
      names.finalNorm: try tensor([width], mean: 1),
    ]
    for block in 0..<configuration.blockCount {
      for (role, name) in names.linears { try add(TensorNames.name(name, block: block), role, block: block) }
      for norm in [names.inputNorm, names.postAttentionNorm] {
        others[TensorNames.name(norm, block: block)] = try tensor([width], mean: 1)
      }
      guard configuration.hasQueryKeyNorm else { continue }
      for norm in [names.queryNorm, names.keyNorm] {
        others[TensorNames.name(norm, block: block)] = try tensor([configuration.headDimension], mean: 1)
      }
    }
    if !configuration.isTied { try add(names.head, .languageModelHead, block: nil) }
    return Model(configuration: configuration, names: names, nodes: nodes, linears: linears, others: others)
  }

  /// Independent normal f32 elements.
  public static func normals(
    _ shape: [Int], seed: UInt64, stream: UInt64 = 0, deviation: Float = 1, mean: Float = 0
  ) -> Tensor {
    let random = CounterRandom(seed: seed, stream: stream)
    let count = shape.reduce(1, *)
    return Tensor(shape, (0..<count).map { mean + deviation * random.normal(at: UInt64($0)) })
  }

  /// Uniform tokens below `vocabularySize`.
  public static func tokens(_ count: Int, vocabularySize: Int, seed: UInt64) -> [Int32] {
    let random = CounterRandom(seed: seed, stream: .max)
    return (0..<count).map { Int32(random.words(at: UInt64($0)).0 % UInt32(vocabularySize)) }
  }
}
