import Graph
import Tensors

/// What one call of a strategy makes of a model: all of it, or after an error nothing.
public struct StageChanges: Sendable {
  /// Replaced layers by node index.
  public var linears: [Int: Linear] = [:]
  /// Tensors outside the linear layers that took up scales, by name.
  public var vectors: [String: Tensor] = [:]
  /// How inputs and outputs of layers were scaled, by node index.
  public var scalings: [Int: LinearScaling] = [:]

  public init() {}

  init(linears: [Int: Linear], vectors: [String: Tensor], scalings: [Int: LinearScaling]) {
    self.linears = linears
    self.vectors = vectors
    self.scalings = scalings
  }
}
