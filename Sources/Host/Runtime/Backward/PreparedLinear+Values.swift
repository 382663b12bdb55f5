import Graph
import LinearAlgebra

extension PreparedLinear {
  /// The same layer with other numbers for a diagonal or dense factor, or the bias where `place` is nil; nil where
  /// there is no such factor, or it has another count of numbers. Nothing else is copied.
  public func with(_ values: [Float], at place: FactorPlace?) -> PreparedLinear? {
    guard let place else {
      guard values.count == outFeatures else { return nil }
      return PreparedLinear(
        name: name, outFeatures: outFeatures, inFeatures: inFeatures, terms: terms, bias: values)
    }
    guard terms.indices.contains(place.term), terms[place.term].indices.contains(place.factor) else {
      return nil
    }
    var terms = terms
    switch terms[place.term][place.factor] {
    case .diagonal(let old):
      guard old.count == values.count else { return nil }
      terms[place.term][place.factor] = .diagonal(values)
    case .matrix(let old):
      guard old.elementCount == values.count else { return nil }
      terms[place.term][place.factor] = .matrix(Matrix(rows: old.rows, columns: old.columns, values))
    }
    return PreparedLinear(
      name: name, outFeatures: outFeatures, inFeatures: inFeatures, terms: terms, bias: bias)
  }

  init(
    name: String, outFeatures: Int, inFeatures: Int, terms: [[PreparedFactor]], bias: [Float]?
  ) {
    self.name = name
    self.outFeatures = outFeatures
    self.inFeatures = inFeatures
    self.terms = terms
    self.bias = bias
  }
}

extension PreparedBlock {
  /// The same block with other layers in some roles, which have the same outer sizes.
  public func with(_ layers: [Role: PreparedLinear]) -> PreparedBlock {
    PreparedBlock(
      index: index, inputNorm: inputNorm, query: layers[.query] ?? query, key: layers[.key] ?? key,
      value: layers[.value] ?? value, queryNorm: queryNorm, keyNorm: keyNorm, attention: attention,
      attentionOutput: layers[.attentionOutput] ?? attentionOutput, postAttentionNorm: postAttentionNorm,
      mlp: GatedMLP(
        gate: layers[.gate] ?? mlp.gate, up: layers[.up] ?? mlp.up, down: layers[.down] ?? mlp.down,
        activation: mlp.activation))
  }
}

extension LanguageModelHead {
  /// The same head with another layer.
  public func with(_ layer: PreparedLinear) -> LanguageModelHead {
    LanguageModelHead(norm: norm, vocabularySize: vocabularySize, weights: .prepared(layer))
  }

  private init(norm: RMSNorm, vocabularySize: Int, weights: Weights) {
    self.norm = norm
    self.vocabularySize = vocabularySize
    self.weights = weights
  }
}
