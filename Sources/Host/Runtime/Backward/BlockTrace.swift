import Graph
import LinearAlgebra

/// What the backward pass of one block needs of the forward pass of one window. Used again in every step.
public final class BlockTrace: @unchecked Sendable {
  /// Before their norms; unused in models without.
  let rawQueries = ActivationBuffer()
  let rawKeys = ActivationBuffer()
  let queries = ActivationBuffer()
  let keys = ActivationBuffer()
  let values = ActivationBuffer()
  let heads = ActivationBuffer()
  /// The residual stream between attention and MLP.
  let residual = ActivationBuffer()
  let gate = ActivationBuffer()
  let up = ActivationBuffer()
  private let linears: [Role: LinearTrace]

  public init() {
    linears = Dictionary(
      uniqueKeysWithValues: TensorNames.blockRoles.map { ($0, LinearTrace()) })
  }

  func linear(_ role: Role) -> LinearTrace { linears[role] ?? LinearTrace() }
}

extension TensorNames {
  /// The linear layers of a block.
  static let blockRoles: [Role] = [.query, .key, .value, .attentionOutput, .gate, .up, .down]
}

extension PreparedBlock {
  /// Bytes that the trace of a window of `rows` tokens takes.
  public func traceByteCount(rows: Int, _ selections: [Role: LinearSelection]) -> Int {
    var columns = inputNorm.weight.count + 2 * mlp.gate.outFeatures
    columns += (queryNorm == nil ? 2 : 3) * query.outFeatures
    columns += (keyNorm == nil ? 1 : 2) * key.outFeatures + value.outFeatures
    for (role, selection) in selections {
      guard let linear = linear(role) else { continue }
      for place in selection.factors where place.factor > 0 && linear.terms.indices.contains(place.term) {
        let term = linear.terms[place.term]
        if term.indices.contains(place.factor) { columns += term[place.factor].columns }
      }
    }
    return columns * rows * MemoryLayout<Float>.size
  }

  /// The layer with a role in a block.
  public func linear(_ role: Role) -> PreparedLinear? {
    switch role {
    case .query: query
    case .key: key
    case .value: value
    case .attentionOutput: attentionOutput
    case .gate: mlp.gate
    case .up: mlp.up
    case .down: mlp.down
    default: nil
    }
  }
}
