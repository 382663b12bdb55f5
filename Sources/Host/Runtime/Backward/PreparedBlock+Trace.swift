import Graph
import LinearAlgebra

extension PreparedBlock {
  /// Runs the block on one window, in place, and keeps in `trace` what the gradients of `selections` need.
  public func forward(
    _ hidden: MutableMatrixView<Float>, rotary: RotaryTable, keeping trace: BlockTrace,
    for selections: [Role: LinearSelection], _ workspace: GradientWorkspace
  ) throws(RuntimeError) {
    let rows = hidden.rows
    func run(
      _ role: Role, _ linear: PreparedLinear, _ input: MatrixView<Float>, _ output: MutableMatrixView<Float>,
      adding: Bool = false
    ) throws(RuntimeError) {
      try linear.forward(
        input, into: output, adding: adding, keeping: trace.linear(role),
        for: selections[role] ?? LinearSelection(), workspace)
    }
    let normed = workspace.normed.matrix(rows: rows, columns: hidden.columns)
    inputNorm.forward(hidden.readable, into: normed)
    func project(
      _ role: Role, _ linear: PreparedLinear, _ norm: RMSNorm?, _ raw: ActivationBuffer,
      _ buffer: ActivationBuffer
    ) throws(RuntimeError) -> MatrixView<Float> {
      let output = buffer.matrix(rows: rows, columns: linear.outFeatures)
      if let norm {
        let raw = raw.matrix(rows: rows, columns: linear.outFeatures)
        try run(role, linear, normed.readable, raw)
        norm.forward(raw.readable, into: output)
      } else {
        try run(role, linear, normed.readable, output)
      }
      if role != .value { rotary.forward(output, headDimension: attention.headDimension) }
      return output.readable
    }
    let queries = try project(.query, query, queryNorm, trace.rawQueries, trace.queries)
    let keys = try project(.key, key, keyNorm, trace.rawKeys, trace.keys)
    let values = try project(.value, value, nil, trace.values, trace.values)
    let keepsHeads = selections[.attentionOutput]?.needsInput ?? false
    let heads = (keepsHeads ? trace.heads : workspace.heads).matrix(rows: rows, columns: query.outFeatures)
    try attention.forward(queries: queries, keys: keys, values: values, into: heads)
    try run(.attentionOutput, attentionOutput, heads.readable, hidden, adding: true)
    trace.residual.matrix(rows: rows, columns: hidden.columns).copy(from: hidden.readable)

    postAttentionNorm.forward(hidden.readable, into: normed)
    let gate = trace.gate.matrix(rows: rows, columns: mlp.gate.outFeatures)
    let up = trace.up.matrix(rows: rows, columns: mlp.up.outFeatures)
    try run(.gate, mlp.gate, normed.readable, gate)
    try run(.up, mlp.up, normed.readable, up)
    let units = workspace.hidden.matrix(rows: rows, columns: gate.columns)
    mlp.activation.forward(gate: gate.readable, up: up.readable, into: units)
    try run(.down, mlp.down, units.readable, hidden, adding: true)
  }
}
