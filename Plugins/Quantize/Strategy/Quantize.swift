import PluginKit

/// Stores every dense factor of every selected linear in few bits, rounding each weight to the nearest code.
///
/// Works on any form: a plain layer, both factors of a low-rank one, the terms of a sum. Factors that are already
/// quantised or diagonal stay as they are. Needs no calibration data.
public struct Quantize: ForecastingStrategy {
  let bits: Int
  let groupSize: Int
  let isSymmetric: Bool

  public static let descriptor = StrategyDescriptor(
    id: "quantize", name: "Quantize", version: "1.0.0",
    summary: "stores weights as 2 to 8 bit codes in groups that share a scale",
    traits: [.blockParallel],
    requires: [.parameters, .graph], uses: [.parallel, .report],
    parameters: [
      .choice("method", of: ["rtn"], default: "rtn", "how codes are chosen: rtn rounds to the nearest"),
      .int("bits", in: 2...8, default: 4, "bits per code"),
      .int("group_size", in: 0...65536, default: 64, "columns that share a scale; 0: the whole row"),
      .bool("symmetric", default: false, "fix the zero at the middle code instead of fitting it"),
    ])

  public init(_ parameters: borrowing Parameters) throws(StrategyError) {
    bits = try parameters.int("bits")
    groupSize = try parameters.int("group_size")
    isSymmetric = try parameters.bool("symmetric")
  }

  public func compress(_ block: borrowing BlockEditor, _ allocation: Void) throws(StrategyError) {
    for node in try block.selected() {
      let form = try block.form(of: node)
      guard form.shape.terms.joined().contains(where: \.isDense) else { continue }
      var (error, norm) = (0.0, 0.0)
      var terms: [[Factor]] = []
      for term in form.terms {
        var factors: [Factor] = []
        for factor in term {
          guard factor.shape.isDense else {
            factors.append(factor)
            continue
          }
          let rounded = try quantize(factor, of: node, block)
          error += rounded.squaredError
          norm += rounded.squaredNorm
          factors.append(rounded.factor)
        }
        terms.append(factors)
      }
      let replacement = LinearForm(terms: terms)
      try block.replace(node, with: replacement)
      block.report("bits", replacement.shape.bitsPerElement(storedAs: node.elementType), about: node)
      block.report("weight_error", norm > 0 ? (error / norm).squareRoot() : 0, about: node)
    }
  }

  public func forecast(_ node: borrowing NodeForecast, _ allocation: Void?) throws(StrategyError) {
    let shape = try node.shape(of: node.node)
    guard shape.terms.joined().contains(where: \.isDense) else { return }
    try node.replace(with: quantized(shape))
  }

  /// The shapes that `compress` gives a layer of this shape.
  public func quantized(_ shape: LinearShape) -> LinearShape {
    let storage = MatrixShape.Storage.quantized(
      bits: bits, groupSize: groupSize, hasZeroPoints: !isSymmetric)
    return LinearShape(
      terms: shape.terms.map { term in
        term.map { factor in
          var factor = factor
          if factor.isDense { factor.storage = storage }
          return factor
        }
      })
  }

  private func quantize(
    _ factor: Factor, of node: Node, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> (factor: Factor, squaredError: Double, squaredNorm: Double) {
    let quantizer = GroupQuantizer(
      bits: bits, isSymmetric: isSymmetric, scaleType: factor.shape.elementType ?? node.elementType)
    let weights = try block.floats(of: factor)
    let rounded: QuantizedFactor
    do throws(StrategyError) {
      rounded = try quantizer.quantize(weights, groupSize: groupSize, block)
    } catch {
      guard error.code == .numerical else { throw error }
      throw StrategyError(.numerical, "\(error.message), in \(node.name); repair or exclude it")
    }
    let (error, norm) = (rounded.squaredError, rounded.squaredNorm)
    let stored = rounded.factor(quantizer, groupSize: groupSize, scalesStoredAs: factor.shape.elementType)
    return (stored, error, norm)
  }
}

extension QuantizedFactor {
  consuming func factor(
    _ quantizer: GroupQuantizer, groupSize: Int, scalesStoredAs type: ElementType?
  ) -> Factor {
    .quantized(
      codes: codes, scales: scales, zeroPoints: zeroPoints, bits: quantizer.bits, groupSize: groupSize,
      scalesStoredAs: type)
  }
}
