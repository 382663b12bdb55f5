import Graph
import LinearAlgebra
import Tensors

/// The language model head with the norm before it: logits = W norm(x).
///
/// x: [T, D], W: [V, D] its own or the embedding matrix, logits: [T, V], which exist for a bounded number of
/// rows at a time. A large W that is stored in 16 bits stays so, and is converted in runs of rows at each use.
public struct LanguageModelHead: Sendable {
  enum Weights: Sendable {
    case prepared(PreparedLinear)
    case streamed(Tensor, bias: [Float]?)
  }

  public let norm: RMSNorm
  public let vocabularySize: Int
  let weights: Weights

  /// Bytes of f32 weights above which they are converted at each use.
  public static let preparedLimit = 512 << 20
  /// Bytes of logits that exist at once.
  public static let logitLimit = 64 << 20

  public init(model: Model, preparedLimit: Int = LanguageModelHead.preparedLimit) throws(RuntimeError) {
    let configuration = model.configuration
    let shape = configuration.shape(of: .languageModelHead)
    norm = RMSNorm(
      weight: try model.vector(model.names.finalNorm, count: configuration.hiddenSize),
      epsilon: configuration.normEpsilon)
    vocabularySize = configuration.vocabularySize
    let (linear, name) = try Self.layer(of: model)
    guard [linear.outFeatures, linear.inFeatures] == shape else {
      throw .layerShape(name, expected: shape, found: [linear.outFeatures, linear.inFeatures])
    }
    if linear.terms.count == 1, linear.terms[0].count == 1, case .dense(let tensor) = linear.terms[0][0],
      tensor.elementType != .f32, tensor.elementCount > preparedLimit / 4
    {
      try Self.checkFinite(tensor, name: "\(name).weight")
      var bias: [Float]?
      if let tensor = linear.bias { bias = try tensor.finiteFloats("\(name).bias") }
      weights = .streamed(tensor, bias: bias)
    } else {
      weights = .prepared(try PreparedLinear(linear, name: name))
    }
  }

  /// The head's own layer, or the embedding matrix as one.
  private static func layer(of model: Model) throws(RuntimeError) -> (Linear, String) {
    if let node = model.nodes.first(where: { $0.role == .languageModelHead }) {
      return (model.linears[node.index], node.name)
    }
    guard model.configuration.isTied else { throw .missingLayer(.languageModelHead, block: nil) }
    let table = try EmbeddingTable(model: model)
    let suffix = ".weight"
    let name = table.name.hasSuffix(suffix) ? String(table.name.dropLast(suffix.count)) : table.name
    do {
      return (try Linear(weight: table.weight, bias: nil), name)
    } catch {
      throw .tensorShape(
        table.name, expected: model.configuration.shape(of: .languageModelHead), found: table.weight.shape)
    }
  }
}
