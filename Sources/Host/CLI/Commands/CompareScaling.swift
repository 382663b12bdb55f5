import Graph
import LinearAlgebra
import ModelIO
import Pipeline
import Runtime
import Tensors

/// Layers of two models in one scaling, where one of them has inputs that were scaled.
///
/// What a norm divides by stands in the two norms. What a layer's rows divide by does not, once they are rounded: each
/// row of B, for the layers that a record names, is brought to the size that fits that of A best, and the columns of the
/// layer behind it take that up.
struct CompareScaling {
  private let left: Model
  private let right: Model
  private let workers: Workers
  /// Layers whose outputs were scaled, by name.
  private let scaledOutputs: Set<String>

  init(_ left: Checkpoint, _ right: Checkpoint, _ workers: Workers) {
    (self.left, self.right, self.workers) = (left.model, right.model, workers)
    scaledOutputs = Set(
      [left, right].flatMap { checkpoint -> [String] in
        let record = try? Verification.record(of: checkpoint.directory)
        return (record?["linears"]?.arrayValue ?? []).compactMap { layer in
          layer["scaled"]?.arrayValue?.contains("output") == true ? layer["name"]?.stringValue : nil
        }
      })
  }

  /// The matrices that both layers stand for, B's in the scaling of A's; nil where their sizes differ.
  func weights(_ node: Node, _ other: Node) throws -> (a: [Float], b: [Float])? {
    let (a, b) = (left.linears[node.index], right.linears[other.index])
    guard a.outFeatures == b.outFeatures, a.inFeatures == b.inFeatures else { return nil }
    let first = try DenseProduct.weight(of: a, workers: workers).floats()
    var second = try DenseProduct.weight(of: b, workers: workers).floats()
    let columns = try columnScales(node, other)
    if columns.contains(where: { $0 != 1 }) {
      for i in second.indices { second[i] *= columns[i % columns.count] }
    }
    guard scaledOutputs.contains(node.name) else { return (first, second) }
    let rows = Self.rowScales(first, second, rows: node.outFeatures)
    for i in second.indices { second[i] *= rows[i / node.inFeatures] }
    return (first, second)
  }

  /// What each column of B is multiplied by.
  private func columnScales(_ node: Node, _ other: Node) throws -> [Float] {
    let ones = [Float](repeating: 1, count: node.inFeatures)
    guard let block = node.block else {
      return try normRatio(left.names.finalNorm, right.names.finalNorm) ?? ones
    }
    func ratio(_ template: KeyPath<TensorNames, String>) throws -> [Float] {
      try normRatio(
        TensorNames.name(left.names[keyPath: template], block: block),
        TensorNames.name(right.names[keyPath: template], block: block)) ?? ones
    }
    func rows(of role: Role, _ row: (Int) -> Int) throws -> [Float] {
      guard let before = left.nodes(inBlock: block).first(where: { $0.role == role }),
        scaledOutputs.contains(before.name),
        let same = right.nodes.first(where: { $0.name == before.name }),
        let (a, b) = try weightsBeforeRows(before, same)
      else { return ones }
      let scales = Self.rowScales(a, b, rows: before.outFeatures)
      return ones.indices.map { scales.indices.contains(row($0)) ? 1 / scales[row($0)] : 1 }
    }
    switch node.role.site {
    case .attention: return try ratio(\.inputNorm)
    case .mlp: return try ratio(\.postAttentionNorm)
    case .head: return ones
    case .down: return try rows(of: .up) { $0 }
    case .attentionOutput:
      let configuration = left.configuration
      let width = max(1, configuration.headDimension)
      let sharing = max(1, configuration.headCount / max(1, configuration.keyValueHeadCount))
      return try rows(of: .value) { $0 / width / sharing * width + $0 % width }
    }
  }

  private func weightsBeforeRows(_ node: Node, _ other: Node) throws -> (a: [Float], b: [Float])? {
    let (a, b) = (left.linears[node.index], right.linears[other.index])
    guard a.outFeatures == b.outFeatures, a.inFeatures == b.inFeatures else { return nil }
    var second = try DenseProduct.weight(of: b, workers: workers).floats()
    let columns = try columnScales(node, other)
    for i in second.indices { second[i] *= columns[i % columns.count] }
    return (try DenseProduct.weight(of: a, workers: workers).floats(), second)
  }

  private func normRatio(_ a: String, _ b: String) throws -> [Float]? {
    guard let a = left.others[a], let b = right.others[b], a.shape == b.shape else { return nil }
    return zip(try a.floats(), try b.floats()).map { a, b in
      let ratio = b / a
      return ratio.isFinite && ratio != 0 ? ratio : 1
    }
  }

  /// The factor by which each row of `b` fits that of `a` best; 1 for rows of zeros.
  private static func rowScales(_ a: [Float], _ b: [Float], rows: Int) -> [Float] {
    let columns = a.count / max(1, rows)
    return (0..<rows).map { row in
      var (product, square) = (0.0, 0.0)
      for i in row * columns..<(row + 1) * columns {
        product += Double(a[i]) * Double(b[i])
        square += Double(b[i]) * Double(b[i])
      }
      return square > 0 && product > 0 ? Float(product / square) : 1
    }
  }
}
