import Graph
import LinearAlgebra

/// The way back through one block for one window: the trace of its forward pass is used up.
struct BlockBackward {
  let block: PreparedBlock
  let rotary: RotaryTable
  let trace: BlockTrace
  let selections: [Role: LinearSelection]
  let workspace: GradientWorkspace

  /// One layer: its gradients to `sums`, that of its input to `target`.
  private func run(
    _ role: Role, _ gradient: MutableMatrixView<Float>, input: MatrixView<Float>?,
    into target: MutableMatrixView<Float>?, adding: Bool, _ sums: inout [Role: LinearGradient]
  ) throws(RuntimeError) {
    guard let linear = block.linear(role) else { return }
    let selection = selections[role] ?? LinearSelection()
    var own = sums.removeValue(forKey: role) ?? LinearGradient(selection, of: linear)
    try linear.backward(
      gradient.readable, input: input, trace: trace.linear(role), selection, into: &own,
      inputGradient: target, adding: adding, workspace)
    if !selection.isEmpty { sums[role] = own }
  }

  /// The input of some layers, computed again where one of them needs it.
  private func input(
    of roles: [Role], _ norm: RMSNorm, _ source: MatrixView<Float>
  ) -> MatrixView<Float>? {
    guard roles.contains(where: { selections[$0]?.needsInput ?? false }) else { return nil }
    let normed = workspace.normed.matrix(rows: source.rows, columns: source.columns)
    norm.forward(source, into: normed)
    return normed.readable
  }

  func mlp(_ gradient: MutableMatrixView<Float>, _ sums: inout [Role: LinearGradient]) throws(RuntimeError) {
    let (rows, width) = (gradient.rows, block.mlp.gate.outFeatures)
    let gate = trace.gate.matrix(rows: rows, columns: width)
    let up = trace.up.matrix(rows: rows, columns: width)
    var units: MatrixView<Float>?
    if selections[.down]?.needsInput ?? false {
      let made = workspace.hidden.matrix(rows: rows, columns: width)
      block.mlp.activation.forward(gate: gate.readable, up: up.readable, into: made)
      units = made.readable
    }
    let unitGradient = workspace.hiddenGradient.matrix(rows: rows, columns: width)
    try run(.down, gradient, input: units, into: unitGradient, adding: false, &sums)
    block.mlp.activation.backward(gate: gate, up: up, gradient: unitGradient.readable)
    let residual = trace.residual.matrix(rows: rows, columns: gradient.columns).readable
    let normed = input(of: [.gate, .up], block.postAttentionNorm, residual)
    let normedGradient = workspace.normedGradient.matrix(rows: rows, columns: gradient.columns)
    try run(.gate, gate, input: normed, into: normedGradient, adding: false, &sums)
    try run(.up, up, input: normed, into: normedGradient, adding: true, &sums)
    block.postAttentionNorm.backward(
      residual, gradient: normedGradient.readable, into: gradient, adding: true)
  }

  func attention(
    _ source: MatrixView<Float>, _ gradient: MutableMatrixView<Float>, _ sums: inout [Role: LinearGradient],
    continues: Bool
  ) throws(RuntimeError) {
    let rows = gradient.rows
    func view(_ buffer: ActivationBuffer, _ linear: PreparedLinear) -> MutableMatrixView<Float> {
      buffer.matrix(rows: rows, columns: linear.outFeatures)
    }
    let keepsHeads = selections[.attentionOutput]?.needsInput ?? false
    let headGradient = view(workspace.headGradient, block.query)
    try run(
      .attentionOutput, gradient, input: keepsHeads ? view(trace.heads, block.query).readable : nil,
      into: headGradient, adding: false, &sums)
    let queryGradient = view(workspace.queryGradient, block.query)
    let keyGradient = view(workspace.keyGradient, block.key)
    let valueGradient = view(workspace.valueGradient, block.value)
    try block.attention.backward(
      queries: view(trace.queries, block.query).readable, keys: view(trace.keys, block.key).readable,
      values: view(trace.values, block.value).readable, gradient: headGradient.readable,
      queryGradient: queryGradient, keyGradient: keyGradient, valueGradient: valueGradient, workspace)
    rotary.backward(queryGradient, headDimension: block.attention.headDimension)
    rotary.backward(keyGradient, headDimension: block.attention.headDimension)
    block.queryNorm?.backward(
      view(trace.rawQueries, block.query).readable, gradient: queryGradient.readable, into: queryGradient,
      adding: false)
    block.keyNorm?.backward(
      view(trace.rawKeys, block.key).readable, gradient: keyGradient.readable, into: keyGradient,
      adding: false)
    let normed = input(of: [.query, .key, .value], block.inputNorm, source)
    let normedGradient =
      continues ? workspace.normedGradient.matrix(rows: rows, columns: gradient.columns) : nil
    try run(.query, queryGradient, input: normed, into: normedGradient, adding: false, &sums)
    try run(.key, keyGradient, input: normed, into: normedGradient, adding: true, &sums)
    try run(.value, valueGradient, input: normed, into: normedGradient, adding: true, &sums)
    guard let normedGradient else { return }
    block.inputNorm.backward(source, gradient: normedGradient.readable, into: gradient, adding: true)
  }
}

extension PreparedBlock {
  /// Turns d loss / d y of one window, in place, into d loss / d x, and adds the gradients of `selections`.
  ///
  /// `input` is x, `trace` that of the forward pass, which can be used only once. Without `continues` the gradients
  /// of the block's numbers are all that is wanted, and `gradient` is left in between.
  public func backward(
    _ input: MatrixView<Float>, gradient: MutableMatrixView<Float>, rotary: RotaryTable, trace: BlockTrace,
    _ selections: [Role: LinearSelection], into sums: inout [Role: LinearGradient], continues: Bool,
    _ workspace: GradientWorkspace
  ) throws(RuntimeError) {
    let way = BlockBackward(
      block: self, rotary: rotary, trace: trace, selections: selections, workspace: workspace)
    try way.mlp(gradient, &sums)
    try way.attention(input, gradient, &sums, continues: continues)
  }
}
