import LowRank
import PluginKit

extension Quantize {
  /// Finds the scales of the input that `group` shares, and has the layer before absorb them. Nil where rounding does
  /// best without.
  func scaleInput(
    of group: [Node], _ settings: [QuantizeSettings], _ block: borrowing BlockEditor
  ) throws(StrategyError) -> [Float]? {
    let first = group[0]
    let classes = try block.scaleClasses(of: first)
    let magnitudes = try block.statistic(
      .inputAbsoluteMean, of: first, as: Double.self, upstreamCompressed: readsCompressed
    ).takeMatrix().array()
    let sample = try block.converted(
      block.statistic(.inputSample, of: first, as: Double.self, upstreamCompressed: readsCompressed)
        .takeMatrix(),
      to: Float.self)
    let steps = settings.map(\.gridSteps).max() ?? 20
    do throws(StrategyError) {
      let scales = try InputScales(
        magnitudes: magnitudes, classes: classes, steps: steps
      ) { (scales) throws(StrategyError) in
        var loss = 0.0
        for (node, own) in zip(group, settings) {
          for term in try block.form(of: node).terms where term[0].shape.isDense {
            loss += try outputError(term[0], of: node, own, scales, sample, block)
          }
        }
        return loss
      }
      for node in group {
        block.report("alpha", scales.alpha, about: node)
        block.report(
          "scaling_gain", scales.unscaledLoss > 0 ? scales.loss / scales.unscaledLoss : 1, about: node)
      }
      guard scales.alpha > 0 else { return nil }
      let vector = try block.newVector(Float.self, count: scales.values.count)
      for (j, value) in scales.values.enumerated() { vector[j, 0] = value }
      try block.scaleInput(of: first, by: vector)
      return vector.array()
    } catch {
      throw error.naming(first)
    }
  }

  /// `||(W - Q(W diag(s)) diag(1/s)) X||^2` of one factor on rows of inputs X.
  private func outputError(
    _ factor: Factor, of node: Node, _ settings: QuantizeSettings, _ scales: [Float],
    _ sample: borrowing HostMatrix<Float>, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> Double {
    let weights = try block.floats(of: factor)
    let scaled = try block.floats(of: factor)
    scaled.scaleColumns(by: scales)
    let rounded = try settings.rounded(scaled, scaleType: factor.shape.elementType ?? node.elementType, block)
      .takeFactor(bits: settings.bits, groupSize: settings.groupSize, scalesStoredAs: nil)
    let error = try block.matrix(of: rounded, as: Float.self)
    try block.forEach(error.rows) { (row) throws(StrategyError) in
      let (target, source) = (error.elements + row * error.columns, weights.elements + row * error.columns)
      for j in 0..<error.columns { target[j] = source[j] - target[j] / scales[j] }
    }
    return try block.product(error, sample, transposeB: true).squaredSum
  }
}

extension HostMatrix<Float> {
  /// `W diag(scales)`.
  func scaleColumns(by scales: [Float]) {
    for i in 0..<rows {
      for j in 0..<columns { elements[i * columns + j] *= scales[j] }
    }
  }

  /// Sum of all squares, in f64.
  var squaredSum: Double {
    var sum = 0.0
    for i in 0..<count { sum += Double(elements[i]) * Double(elements[i]) }
    return sum
  }
}
