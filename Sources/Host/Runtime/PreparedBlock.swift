import Graph
import LinearAlgebra
import Tensors

/// One decoder block with its weights in f32.
///
///     h = x + attentionOutput(attention(norm(x)))
///     y = h + down(f(gate(norm(h))) * up(norm(h)))
///
/// x, h, y: [T, D]. A value without mutable state: many threads may run sequences through it at once, each
/// with single-threaded BLAS.
public struct PreparedBlock: Sendable {
  /// Receives the input of a site, [rows, in], in runs of consecutive rows from the first to the last.
  public typealias Capture = (InputSite, MatrixView<Float>) -> Void

  public let index: Int
  public let inputNorm: RMSNorm
  public let query: PreparedLinear
  public let key: PreparedLinear
  public let value: PreparedLinear
  public let queryNorm: RMSNorm?
  public let keyNorm: RMSNorm?
  public let attention: Attention
  public let attentionOutput: PreparedLinear
  public let postAttentionNorm: RMSNorm
  public let mlp: GatedMLP

  /// Bytes of the prepared weights of `block`.
  public static func byteCount(model: Model, block: Int) -> Int {
    model.nodes(inBlock: block).reduce(0) { total, node in
      model.linears[node.index].form.terms.joined().reduce(total) { sum, factor in
        if case .diagonal = factor.storage { return sum + 4 * factor.rows }
        return sum + 4 * factor.rows * factor.columns
      }
    }
  }

  /// Runs the block on one sequence, in place.
  ///
  /// With `last` it ends once that site's input has been captured; `hidden` then holds no result.
  public func forward(
    _ hidden: inout Matrix<Float>, rotary: RotaryTable, until last: InputSite? = nil, capture: Capture? = nil
  ) throws(RuntimeError) {
    func goesOn(_ site: InputSite) -> Bool { last.map { site.rawValue < $0.rawValue } ?? true }
    var normed = Matrix<Float>(uninitialisedRows: hidden.rows, columns: hidden.columns)
    try hidden.withMutableView { (hidden) throws(RuntimeError) in
      try normed.withMutableView { (normed) throws(RuntimeError) in
        inputNorm.forward(hidden.readable, into: normed)
        capture?(.attention, normed.readable)
        guard goesOn(.attention) else { return }
        let projects = goesOn(.attentionOutput)
        try attend(
          normed.readable, rotary: rotary, addingTo: projects ? hidden : nil, capture: capture)
        guard projects else { return }
        postAttentionNorm.forward(hidden.readable, into: normed)
        capture?(.mlp, normed.readable)
        guard goesOn(.mlp) else { return }
        try mlp.forward(normed.readable, addingTo: goesOn(.down) ? hidden : nil, capture: capture)
      }
    }
  }

  private func attend(
    _ input: MatrixView<Float>, rotary: RotaryTable, addingTo residual: MutableMatrixView<Float>?,
    capture: Capture?
  ) throws(RuntimeError) {
    var queries = Matrix<Float>(uninitialisedRows: input.rows, columns: query.outFeatures)
    var keys = Matrix<Float>(uninitialisedRows: input.rows, columns: key.outFeatures)
    var values = Matrix<Float>(uninitialisedRows: input.rows, columns: value.outFeatures)
    try project(input, query, queryNorm, rotary, into: &queries)
    try project(input, key, keyNorm, rotary, into: &keys)
    try project(input, value, nil, nil, into: &values)
    var heads = Matrix<Float>(uninitialisedRows: input.rows, columns: query.outFeatures)
    try heads.withMutableView { (heads) throws(RuntimeError) in
      try queries.withView { (queries) throws(RuntimeError) in
        try keys.withView { (keys) throws(RuntimeError) in
          try values.withView { (values) throws(RuntimeError) in
            try attention.forward(queries: queries, keys: keys, values: values, into: heads)
          }
        }
      }
      capture?(.attentionOutput, heads.readable)
      if let residual { try attentionOutput.forward(heads.readable, into: residual, adding: true) }
    }
  }

  private func project(
    _ input: MatrixView<Float>, _ linear: PreparedLinear, _ norm: RMSNorm?, _ rotary: RotaryTable?,
    into output: inout Matrix<Float>
  ) throws(RuntimeError) {
    try output.withMutableView { (output) throws(RuntimeError) in
      try linear.forward(input, into: output)
      norm?.forward(output)
      rotary?.forward(output, headDimension: attention.headDimension)
    }
  }
}
