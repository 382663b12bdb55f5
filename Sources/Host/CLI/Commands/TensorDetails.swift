import Graph
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost
import Runtime
import Tensors

/// The numbers of one tensor, or of the matrix a linear layer stands for.
struct TensorDetails {
  let name: String
  let elementType: ElementType
  let shape: [Int]
  let minimum: Float
  let maximum: Float
  let rootMeanSquare: Double
  let notFinite: Int
  /// Descending; nil for a vector.
  let singularValues: [Float]?

  /// `name` is a tensor's full name or a layer's.
  init(_ name: String, in checkpoint: Checkpoint, workers: Workers) throws {
    let model = checkpoint.model
    let tensors = model.storedTensors
    let tensor: Tensor
    if let node = model.nodes.first(where: { $0.name == name }) {
      tensor = try DenseProduct.weight(of: model.linears[node.index], workers: workers)
    } else if let found = tensors.first(where: { $0.name == name }) {
      tensor = found.tensor
    } else {
      let known = tensors.map(\.name) + model.nodes.map(\.name)
      throw TextError.unreadable(
        checkpoint.directory, "it has no tensor \"\(name)\"\(Suggestion.nearest(to: name, in: known))")
    }
    self.name = name
    elementType = tensor.elementType
    shape = tensor.shape
    guard tensor.elementType.isReal else {
      (minimum, maximum, rootMeanSquare, notFinite, singularValues) = (0, 0, 0, 0, nil)
      return
    }
    let values = try tensor.floats()
    let finite = values.filter(\.isFinite)
    notFinite = values.count - finite.count
    minimum = finite.min() ?? 0
    maximum = finite.max() ?? 0
    let squares = finite.reduce(0.0) { $0 + Double($1) * Double($1) }
    rootMeanSquare = (squares / Double(max(finite.count, 1))).squareRoot()
    let isMatrix = shape.count == 2 && notFinite == 0 && min(shape[0], shape[1]) > 1
    singularValues = isMatrix ? try svd(try Matrix<Float>(tensor), workers: workers).values : nil
  }

  /// Energy that the first `rank` singular values hold.
  private func energy(_ rank: Int) -> Double {
    guard let singularValues else { return 0 }
    let squares = singularValues.map { Double($0) * Double($0) }
    let total = squares.reduce(0, +)
    return total > 0 ? squares.prefix(rank).reduce(0, +) / total : 0
  }

  private var ranks: [Int] {
    let count = singularValues?.count ?? 0
    return [1, count / 8, count / 4, count / 2, 3 * count / 4, count].filter { $0 > 0 }
  }

  var text: String {
    var lines = ["\(name): \(elementType.rawValue) \(shape)"]
    guard elementType.isReal else { return lines[0] }
    lines.append(
      "values from \(Decimals.short(Double(minimum))) to \(Decimals.short(Double(maximum))), root mean square "
        + "\(Decimals.short(rootMeanSquare)), not finite \(notFinite)")
    guard let singularValues else { return lines.joined(separator: "\n") }
    var table = TextTable(["rank", "singular value", "energy up to here"], rightAligned: [0, 1, 2])
    for rank in ranks {
      table.add(["\(rank)", Decimals.short(Double(singularValues[rank - 1])), Decimals.percent(energy(rank))])
    }
    lines += ["", table.text]
    return lines.joined(separator: "\n")
  }

  var json: JSON {
    [
      "name": .string(name), "dtype": .string(elementType.rawValue), "shape": .array(shape.map(JSON.integer)),
      "minimum": .number(Double(minimum)), "maximum": .number(Double(maximum)),
      "root_mean_square": .number(rootMeanSquare), "not_finite": .integer(notFinite),
      "singular_values": singularValues.map { .array($0.map { .number(Double($0)) }) } ?? .null,
    ]
  }
}
