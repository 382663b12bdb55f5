import Tensors

/// A linear layer as a sum of terms, each a product of factors: `y = sum_t F_t[n-1] ... F_t[1] F_t[0] x + b`.
///
/// An untouched layer is one term of one dense factor. A low-rank layer is one term of two factors, the input
/// side first. A quantised weight with a low-rank correction is two terms.
public struct Linear: Sendable {
  public let outFeatures: Int
  public let inFeatures: Int
  /// Terms, each with its factors in the order they are applied.
  public let terms: [[Factor]]
  /// `[out]`.
  public let bias: Tensor?

  /// Checks that the factors of every term chain from `inFeatures` to `outFeatures`.
  public init(outFeatures: Int, inFeatures: Int, terms: [[Factor]], bias: Tensor?) throws(GraphError) {
    let form = LinearForm(terms: terms.map { $0.map(\.form) })
    try form.checkChain(outFeatures: outFeatures, inFeatures: inFeatures)
    if let bias, bias.shape != [outFeatures] {
      throw .biasShape(expected: outFeatures, found: bias.shape)
    }
    self.outFeatures = outFeatures
    self.inFeatures = inFeatures
    self.terms = terms
    self.bias = bias
  }

  /// The untouched layer `W: [out, in]`.
  public init(weight: Tensor, bias: Tensor?) throws(GraphError) {
    guard weight.shape.count == 2 else { throw .notAMatrix(shape: weight.shape) }
    try self.init(
      outFeatures: weight.shape[0], inFeatures: weight.shape[1], terms: [[.dense(weight)]], bias: bias)
  }

  public var form: LinearForm { LinearForm(terms: terms.map { $0.map(\.form) }) }

  /// Every tensor with its name below the layer's, in a fixed order; the bias comes last.
  public var storedTensors: [(name: String, tensor: Tensor)] {
    var result: [(String, Tensor)] = []
    for (name, factor) in zip(form.factorNames.joined(), terms.joined()) {
      for (part, tensor) in zip(factor.form.parts, factor.tensors) {
        result.append((name + part.suffix, tensor))
      }
    }
    if let bias { result.append(("bias", bias)) }
    return result
  }

  /// The same layer with each of its tensors replaced by what `transform` makes of it.
  public func mapTensors(_ transform: (Tensor) throws(TensorError) -> Tensor) throws -> Linear {
    let mapped = try terms.map { term in try term.map { factor in try factor.mapTensors(transform) } }
    return try Linear(
      outFeatures: outFeatures, inFeatures: inFeatures, terms: mapped, bias: bias.map(transform))
  }
}
