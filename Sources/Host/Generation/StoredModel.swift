import Graph
import LinearAlgebra
import Runtime

/// A decoder that generates with its weights as they are stored: mapped tensors stay mapped, packed codes packed.
///
/// Nothing is read or converted here but norms, biases and diagonals.
public struct StoredModel: Sendable {
  public let configuration: DecoderConfiguration
  let embedding: EmbeddingTable
  let blocks: [StoredBlock]
  let norm: RMSNorm
  let head: LinearGroup

  public init(_ model: Model) throws(RuntimeError) {
    configuration = model.configuration
    embedding = try EmbeddingTable(model: model)
    var blocks: [StoredBlock] = []
    for block in 0..<configuration.blockCount { blocks.append(try StoredBlock(model: model, block: block)) }
    self.blocks = blocks
    norm = RMSNorm(
      weight: try model.vector(model.names.finalNorm, count: configuration.hiddenSize),
      epsilon: configuration.normEpsilon)
    let outside = try StoredLinear.layers(of: model, block: nil)
    if let own = outside[.languageModelHead] {
      head = LinearGroup([own])
    } else {
      guard configuration.isTied else { throw .missingLayer(.languageModelHead, block: nil) }
      head = LinearGroup([StoredLinear(tied: embedding)])
    }
  }
}

extension StoredLinear {
  /// The embedding matrix as the language model head.
  init(tied embedding: EmbeddingTable) {
    outFeatures = embedding.vocabularySize
    inFeatures = embedding.hiddenSize
    terms = [[DenseRows(embedding.weight)]]
    bias = nil
  }
}
