import Graph
import Runtime
import Tensors

/// A linear layer whose factors stay as they are stored: y = sum_t F_t[n-1] ... F_t[1] F_t[0] x + b.
struct StoredLinear: Sendable {
  let outFeatures: Int
  let inFeatures: Int
  /// Terms, each with its factors in the order they are applied.
  let terms: [[any StoredMatrix]]
  let bias: [Float]?

  /// `name` is the layer's name in the checkpoint.
  init(_ linear: Linear, name: String) throws(RuntimeError) {
    outFeatures = linear.outFeatures
    inFeatures = linear.inFeatures
    var terms: [[any StoredMatrix]] = []
    for (factors, names) in zip(linear.terms, linear.form.factorNames) {
      var term: [any StoredMatrix] = []
      for (factor, below) in zip(factors, names) {
        term.append(try Self.matrix(factor, name: "\(name).\(below)"))
      }
      terms.append(term)
    }
    self.terms = terms
    if let bias = linear.bias { self.bias = try bias.finiteFloats("\(name).bias") } else { bias = nil }
  }

  /// The layers of `block` by role, or those outside the blocks.
  static func layers(of model: Model, block: Int?) throws(RuntimeError) -> [Role: StoredLinear] {
    var layers: [Role: StoredLinear] = [:]
    for node in model.nodes where node.block == block && layers[node.role] == nil {
      let layer = try StoredLinear(model.linears[node.index], name: node.name)
      let shape = model.configuration.shape(of: node.role)
      guard [layer.outFeatures, layer.inFeatures] == shape else {
        throw .layerShape(node.name, expected: shape, found: [layer.outFeatures, layer.inFeatures])
      }
      layers[node.role] = layer
    }
    return layers
  }

  /// The one place that knows every kind of storage.
  private static func matrix(_ factor: Factor, name: String) throws(RuntimeError) -> any StoredMatrix {
    switch factor {
    case .dense(let values):
      guard values.elementType.isReal else {
        throw .unreadable(tensor: name + "weight", .notReal(values.elementType))
      }
      return DenseRows(values)
    case .diagonal(let values): return DiagonalRows(values: try values.finiteFloats(name + "diagonal"))
    case .quantized(let matrix):
      do { return try PackedRows(matrix) } catch {
        throw .unreadable(tensor: name + "weight_scale", error)
      }
    case .codebook(let matrix):
      do { return try CodebookRows(matrix) } catch {
        throw .unreadable(tensor: name + "weight_scale", error)
      }
    }
  }
}
