import CKernels
import LinearAlgebra
import Tensors

extension LanguageModelHead {
  /// Positions whose logits exist at once; depends on the vocabulary alone.
  var lossRows: Int { min(rowsPerChunk(), 256) }

  /// The loss of one window from its states after the last block, [T, D], and its T tokens, T > 1.
  ///
  /// With `gradient`, [T, D], d loss / d states is written there, and d loss / d values of the numbers of the head's
  /// layer in `selection` are added to `sums`. With log q the logits less their log-sum-exp, and p the reference:
  ///
  ///     d loss / d logits = ((a + b) q - a onehot(target) - b p) / (T - 1)
  public func loss(
    _ states: MatrixView<Float>, tokens: [Int32], _ loss: TokenLoss, reference: ReferenceStates?,
    gradient: MutableMatrixView<Float>?, _ selection: LinearSelection, into sums: inout LinearGradient?,
    _ workspace: GradientWorkspace
  ) throws(RuntimeError) -> TokenLoss.Value {
    let predicted = tokens.count - 1
    let normed = workspace.normed.matrix(rows: states.rows, columns: states.columns)
    norm.forward(states, into: normed)
    let slopes = gradient.map { workspace.normedGradient.matrix(rows: $0.rows, columns: $0.columns) }
    // The last position predicts nothing.
    slopes?.rows(predicted..<states.rows).fill(0)
    var total = TokenLoss.Value()
    for start in stride(from: 0, to: predicted, by: lossRows) {
      let rows = start..<min(start + lossRows, predicted)
      let logits = workspace.logits.matrix(rows: rows.count, columns: vocabularySize)
      try forward(normed.readable.rows(rows), into: logits, keeping: selection, workspace)
      var compared: MatrixView<Float>?
      if let reference, loss.divergenceWeight != 0 {
        let other = workspace.referenceLogits.matrix(rows: rows.count, columns: vocabularySize)
        try reference.head.forward(reference.normed.rows(rows), into: other)
        compared = other.readable
      }
      for row in 0..<rows.count {
        let other = compared.map { $0.base + row * $0.rowStride }
        let position = rows.lowerBound + row
        let value = Self.loss(
          logits.base + row * logits.rowStride, other, position: position, next: Int(tokens[position + 1]),
          loss, share: slopes == nil ? nil : 1 / Double(predicted), count: vocabularySize)
        total.nextToken += value.nextToken
        total.divergence += value.divergence
      }
      guard let slopes else { continue }
      try backward(
        logits.readable, input: normed.readable.rows(rows), selection, into: &sums,
        inputGradient: slopes.rows(rows), workspace)
    }
    if let gradient, let slopes {
      norm.backward(states, gradient: slopes.readable, into: gradient, adding: false)
    }
    return TokenLoss.Value(
      nextToken: total.nextToken / Double(predicted), divergence: total.divergence / Double(predicted))
  }

  /// The loss of one position; with `share`, that times d loss / d logits in the place of the logits.
  private static func loss(
    _ logits: UnsafeMutablePointer<Float>, _ reference: UnsafePointer<Float>?, position: Int, next: Int,
    _ loss: TokenLoss, share: Double?, count: Int
  ) -> TokenLoss.Value {
    let sum = row_log_sum_exp(logits, count)
    var target = next
    if let sampling = loss.sampling {
      let draw = Double(sampling.bits(at: UInt64(position)) >> 11) * 0x1p-53
      target = row_sample(logits, sum, draw, count)
    }
    var value = TokenLoss.Value(nextToken: sum - Double(logits[target]))
    var referenceSum = 0.0
    if let reference {
      referenceSum = row_log_sum_exp(reference, count)
      value.divergence = row_divergence(reference, referenceSum, logits, sum, count)
    }
    guard let share else { return value }
    let divergenceWeight = reference == nil ? 0 : Float(loss.divergenceWeight * share)
    let nextTokenWeight = Float(loss.nextTokenWeight * share)
    row_distribution_gradient(
      logits, sum, nextTokenWeight + divergenceWeight, reference, referenceSum, divergenceWeight, count)
    logits[target] -= nextTokenWeight
    return value
  }

  private func forward(
    _ normed: MatrixView<Float>, into logits: MutableMatrixView<Float>, keeping selection: LinearSelection,
    _ workspace: GradientWorkspace
  ) throws(RuntimeError) {
    guard case .prepared(let linear) = weights else { return try forward(normed, into: logits) }
    try linear.forward(normed, into: logits, keeping: workspace.head, for: selection, workspace)
  }

  private func backward(
    _ gradient: MatrixView<Float>, input: MatrixView<Float>, _ selection: LinearSelection,
    into sums: inout LinearGradient?, inputGradient: MutableMatrixView<Float>, _ workspace: GradientWorkspace
  ) throws(RuntimeError) {
    switch weights {
    case .prepared(let linear):
      var own = sums.take() ?? LinearGradient(LinearSelection(), of: linear)
      try linear.backward(
        gradient, input: input, trace: workspace.head, selection, into: &own, inputGradient: inputGradient,
        adding: false, workspace)
      sums = own
    case .streamed(let tensor, _):
      try Self.forEachPart(of: tensor) { (columns, weight) throws(LinearAlgebraError) in
        try weight.withView { (weight) throws(LinearAlgebraError) in
          try gemm(
            gradient.part(rows: 0..<gradient.rows, columns: columns), weight,
            beta: columns.lowerBound == 0 ? 0 : 1, into: inputGradient, workers: .serial)
        }
      }
    }
  }

  /// Zeros for the gradients of the head's layer; nil where it is streamed, which no gradient can be asked of.
  public func gradient(_ selection: LinearSelection) -> LinearGradient? {
    guard case .prepared(let linear) = weights, !selection.isEmpty else { return nil }
    return LinearGradient(selection, of: linear)
  }

  /// The head's layer where it is held in f32.
  public var layer: PreparedLinear? {
    if case .prepared(let linear) = weights { linear } else { nil }
  }
}
