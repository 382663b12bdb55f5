import Graph
import LinearAlgebra
import Tensors

/// Token embeddings: x[t] = E[tokens[t]], E: [V, D], x: [T, D].
///
/// Rows are converted as they are read; the table itself stays as it is stored.
public struct EmbeddingTable: Sendable {
  public let name: String
  /// [V, D].
  public let weight: Tensor
  public var vocabularySize: Int { weight.shape[0] }
  public var hiddenSize: Int { weight.shape[1] }

  public init(model: Model) throws(RuntimeError) {
    name = model.names.embedding
    guard let weight = model.others[name] else { throw .missingTensor(name) }
    let configuration = model.configuration
    let shape = [configuration.vocabularySize, configuration.hiddenSize]
    guard weight.shape == shape else { throw .tensorShape(name, expected: shape, found: weight.shape) }
    self.weight = weight
  }

  /// x of `tokens`, each below the vocabulary size.
  public func forward(_ tokens: [Int32]) throws(RuntimeError) -> Matrix<Float> {
    var result = Matrix<Float>(uninitialisedRows: tokens.count, columns: hiddenSize)
    try result.withMutableView { (view) throws(RuntimeError) in
      for (position, id) in tokens.enumerated() {
        let token = Int(id)
        guard token >= 0, token < vocabularySize else {
          throw .token(token, position: position, vocabulary: vocabularySize)
        }
        do throws(TensorError) {
          try weight.rows(token..<token + 1).copyFloats(to: view.base + position * hiddenSize)
        } catch {
          throw .unreadable(tensor: name, error)
        }
      }
      let bad = view.readable.nonFiniteCount
      guard bad == 0 else { throw .nonFinite(tensor: name, count: bad) }
    }
    return result
  }
}

extension Tensor {
  /// Some rows of a matrix, in place.
  func rows(_ range: Range<Int>) -> Tensor {
    let bytes = shape[1] * elementType.byteCount
    return Tensor(
      elementType, [range.count, shape[1]], storage: storage,
      byteOffset: byteOffset + range.lowerBound * bytes)
  }
}
