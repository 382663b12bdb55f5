import CKernels
import Graph
import LinearAlgebra
import Tensors

/// A linear layer with its factors in f32: y = sum_t F_t[n-1] ... F_t[1] F_t[0] x + b.
///
/// x: [T, in], y: [T, out]. Every chain runs as stored, one product per factor, even where multiplying it out
/// once would be cheaper: what is measured is the layer that is stored.
public struct PreparedLinear: Sendable {
  public let name: String
  public let outFeatures: Int
  public let inFeatures: Int
  /// Terms, each with its factors in the order they are applied.
  public let terms: [[PreparedFactor]]
  public let bias: [Float]?

  /// Throws when a stored value is not finite; `name` is the layer's name in the checkpoint.
  public init(_ linear: Linear, name: String) throws(RuntimeError) {
    self.name = name
    outFeatures = linear.outFeatures
    inFeatures = linear.inFeatures
    var terms: [[PreparedFactor]] = []
    for (factors, names) in zip(linear.terms, linear.form.factorNames) {
      var term: [PreparedFactor] = []
      for (factor, below) in zip(factors, names) {
        term.append(try PreparedFactor(factor, name: "\(name).\(below)"))
      }
      terms.append(term)
    }
    self.terms = terms
    if let bias = linear.bias { self.bias = try bias.finiteFloats("\(name).bias") } else { bias = nil }
  }

  /// Writes y to `output`, or adds it with `adding`. `output` does not overlap `input`.
  public func forward(
    _ input: MatrixView<Float>, into output: MutableMatrixView<Float>, adding: Bool = false
  ) throws(RuntimeError) {
    for (index, term) in terms.enumerated() {
      try Self.forward(term[...], input, into: output, adding: adding || index > 0)
    }
    guard let bias else { return }
    for row in 0..<output.rows { row_add(bias, output.base + row * output.rowStride, outFeatures) }
  }

  private static func forward(
    _ factors: ArraySlice<PreparedFactor>, _ input: MatrixView<Float>, into output: MutableMatrixView<Float>,
    adding: Bool
  ) throws(RuntimeError) {
    guard let first = factors.first else { return }
    guard factors.count > 1 else { return try first.forward(input, into: output, adding: adding) }
    var middle = Matrix<Float>(uninitialisedRows: input.rows, columns: first.rows)
    try middle.withMutableView { (middle) throws(RuntimeError) in
      try first.forward(input, into: middle, adding: false)
      try forward(factors.dropFirst(), middle.readable, into: output, adding: adding)
    }
  }
}
