import Graph
import Tensors
import TestSupport

/// Forms that a strategy may have given the layers of a model.
enum LayerForms: String, CaseIterable, Sendable {
  case dense, half, double, tied, factored, quantised, quantisedThree, quantisedEight, oddGroups
  case factoredQuantised, corrected, diagonal

  /// A random model with all layers of its blocks, and the head where it has one, in this form.
  func model(_ configuration: DecoderConfiguration) throws -> Model {
    let type: ElementType =
      switch self {
      case .half: .f16
      case .double: .f64
      case .dense, .tied: .bf16
      default: .f32
      }
    var model = try RandomModel.model(configuration, elementType: type)
    for node in model.nodes {
      guard let terms = try terms(node) else { continue }
      try model.replace(
        node,
        with: Linear(
          outFeatures: node.outFeatures, inFeatures: node.inFeatures, terms: terms,
          bias: model.linears[node.index].bias))
    }
    return model
  }

  private func terms(_ node: Node) throws -> [[Factor]]? {
    let (m, n, seed) = (node.outFeatures, node.inFeatures, UInt64(node.index))
    let rank = max(1, min(m, n) / 2)
    func dense(_ rows: Int, _ columns: Int, _ stream: UInt64) throws -> Factor {
      let deviation = Float(1 / (2 * Double(columns).squareRoot()))
      return .dense(
        try RandomModel.normals([rows, columns], seed: seed, stream: stream, deviation: deviation)
          .converted(to: .bf16))
    }
    func packed(_ rows: Int, _ columns: Int, _ bits: Int, _ group: Int, _ symmetric: Bool = true) throws
      -> Factor
    {
      .quantized(
        try Packed.matrix(
          rows: rows, columns: columns, bits: bits, groupSize: group, isSymmetric: symmetric, seed: seed))
    }
    switch self {
    case .dense, .half, .double, .tied: return nil
    case .factored: return [[try dense(rank, n, 1), try dense(m, rank, 2)]]
    case .quantised: return [[try packed(m, n, 4, 16)]]
    case .quantisedThree: return [[try packed(m, n, 3, 0, false)]]
    case .quantisedEight: return [[try packed(m, n, 8, 64)]]
    case .oddGroups: return [[try packed(m, n, 5, 12, false)]]
    case .factoredQuantised: return [[try packed(rank, n, 4, 64, false), try packed(m, rank, 4, 8)]]
    case .corrected: return [[try packed(m, n, 4, 32)], [try dense(3, n, 1), try dense(m, 3, 2)]]
    case .diagonal:
      let values = RandomModel.normals([n], seed: seed, stream: 4, deviation: 0.2, mean: 1)
      return [[.diagonal(values), try dense(m, n, 1)]]
    }
  }
}
