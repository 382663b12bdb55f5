import LowRank
import PluginKit

/// One linear on its way to codes.
struct NodeQuantizer {
  let node: Node
  let settings: QuantizeSettings

  private var replaced: [[Factor]] = []
  private var squaredError = 0.0
  private var squaredNorm = 0.0
  private var squaredOutputError: Double?

  init(node: Node, settings: QuantizeSettings) {
    self.node = node
    self.settings = settings
  }

  /// Quantises every dense factor of every term and replaces the linear.
  ///
  /// - unscaled: the Gram matrix of the inputs before `scales` divided them; needed where the settings say so.
  /// - feedback: of that matrix; made where it is needed and missing.
  mutating func run(
    _ block: borrowing BlockEditor, _ unscaled: consuming HostMatrix<Double>?, scales: [Float]?,
    _ feedback: inout ErrorFeedback?
  ) throws(StrategyError) {
    let form = try block.form(of: node)
    let terms = try Self.scaled(form.terms, scales, node, block)
    let gram = try Self.scaled(unscaled, scales, block)
    for term in terms { replaced.append(try quantize(term, gram, &feedback, block)) }
    let rank = settings.residualRank(of: node)
    switch consume gram {
    case .some(let gram): try correct(terms, gram, rank: rank, block)
    case .none: break
    }
    let replacement = LinearForm(terms: replaced)
    try block.replace(node, with: replacement)
    block.report("bits", replacement.shape.bitsPerElement(storedAs: node.elementType), about: node)
    block.report("weight_error", squaredNorm > 0 ? (squaredError / squaredNorm).squareRoot() : 0, about: node)
  }

  /// Adds the correction of the given rank, and reports how far the outputs are off.
  private mutating func correct(
    _ terms: [[Factor]], _ gram: consuming HostMatrix<Double>, rank: Int, _ block: borrowing BlockEditor
  ) throws(StrategyError) {
    if rank == 0, terms.joined().count == 1, let known = squaredOutputError {
      // The output's own size would cost as much as all the rounding; the host measures what is left in the end.
      return block.report("weighted_error", known.squareRoot(), about: node)
    }
    guard let weight = try block.matrix(of: terms), let rounded = try block.matrix(of: replaced) else {
      return
    }
    let output = try block.squaredOutput(weight, gram)
    for i in 0..<weight.count { weight.elements[i] -= rounded.elements[i] }
    var error = try block.squaredOutput(weight, gram)
    if rank > 0 {
      let before = OutputError(error: error, output: output)
      block.report("uncorrected_error", before.relative, about: node)
      let copy = try block.converted(gram, to: Double.self)
      let factors = try block.correction(of: weight, copy, rank: rank)
      replaced.append(factors)
      if let correction = try block.matrix(of: [factors]) {
        for i in 0..<weight.count { weight.elements[i] -= correction.elements[i] }
      }
      error = try block.squaredOutput(weight, gram)
    }
    let found = OutputError(error: error, output: output)
    block.report("relative_error", found.relative, about: node)
    block.report("weighted_error", found.weighted, about: node)
  }

  /// One term, from the input on: each factor meets what the quantised ones before it leave of the input.
  private mutating func quantize(
    _ term: [Factor], _ gram: borrowing HostMatrix<Double>?, _ feedback: inout ErrorFeedback?,
    _ block: borrowing BlockEditor
  ) throws(StrategyError) -> [Factor] {
    var result: [Factor] = []
    var inner: HostMatrix<Double>?
    for (place, factor) in term.enumerated() {
      let stored: Factor
      if factor.shape.isDense {
        switch inner {
        case .some(let inner):
          var own: ErrorFeedback?
          stored = try quantize(factor, inner, &own, block)
        case .none:
          switch gram {
          case .some(let gram): stored = try quantize(factor, gram, &feedback, block)
          case .none:
            stored = try take(
              settings.rounded(block.floats(of: factor), scaleType: type(of: factor), block), factor)
          }
        }
      } else {
        stored = factor
      }
      result.append(stored)
      guard settings.method == .gptq, place < term.count - 1 else { continue }
      switch consume inner {
      case .some(let before): inner = try Self.propagated(before, through: stored, block)
      case .none:
        switch gram {
        case .some(let gram): inner = try Self.propagated(gram, through: stored, block)
        case .none: inner = nil
        }
      }
    }
    return result
  }

  /// One dense factor for inputs of this Gram matrix.
  private mutating func quantize(
    _ factor: Factor, _ gram: borrowing HostMatrix<Double>, _ shared: inout ErrorFeedback?,
    _ block: borrowing BlockEditor
  ) throws(StrategyError) -> Factor {
    let weights = try block.floats(of: factor)
    guard settings.method == .gptq else {
      return try take(settings.rounded(weights, scaleType: type(of: factor), block), factor)
    }
    let feedback: ErrorFeedback
    switch shared.take() {
    case .some(let known): feedback = known
    case .none: feedback = try ErrorFeedback(gram, order: settings.order, damping: settings.damping, block)
    }
    block.report("damping", feedback.damping, about: node)
    if feedback.deadCount > 0 { block.report("dead_columns", Double(feedback.deadCount), about: node) }
    let quantizer = settings.quantizer(scaleType: type(of: factor))
    let rounded: QuantizedFactor
    switch settings.precision {
    case .single: rounded = try Self.rounded(Float.self, weights, feedback, quantizer, settings, block)
    case .double: rounded = try Self.rounded(Double.self, weights, feedback, quantizer, settings, block)
    }
    shared = consume feedback
    return take(rounded, factor)
  }

  private static func rounded<Real: HostReal>(
    _ real: Real.Type, _ weights: borrowing HostMatrix<Float>, _ feedback: borrowing ErrorFeedback,
    _ quantizer: GroupQuantizer, _ settings: QuantizeSettings, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> QuantizedFactor {
    let loop = try ColumnLoop<Real>(
      weights, quantizer, groupSize: settings.groupSize, search: settings.search, order: settings.order, block
    )
    try loop.run(weights, feedback, block)
    return try loop.result(weights, feedback, block)
  }

  private func type(of factor: Factor) -> ElementType { factor.shape.elementType ?? node.elementType }

  private mutating func take(
    _ rounded: consuming QuantizedFactor, _ factor: Factor
  ) -> Factor {
    squaredError += rounded.squaredError
    squaredNorm += rounded.squaredNorm
    squaredOutputError = rounded.squaredOutputError
    return rounded.takeFactor(
      bits: settings.bits, groupSize: settings.groupSize, scalesStoredAs: factor.shape.elementType)
  }

  /// `F G F^T`.
  private static func propagated(
    _ gram: borrowing HostMatrix<Double>, through factor: Factor, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> HostMatrix<Double> {
    let matrix = try block.matrix(of: factor, as: Double.self)
    let result = try block.product(block.product(matrix, gram), matrix, transposeB: true)
    result.symmetrise()
    return result
  }

  /// Terms for an input that was divided by `scales`: the first factor of each takes them up.
  private static func scaled(
    _ terms: [[Factor]], _ scales: [Float]?, _ node: Node, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> [[Factor]] {
    guard let scales else { return terms }
    var result: [[Factor]] = []
    for term in terms {
      guard let first = term.first, first.shape.isDense else {
        throw StrategyError(
          .unsupported,
          "the first factor of \(node.name) is not dense and cannot take up the scales of awq; choose another method"
        )
      }
      let weights = try block.floats(of: first)
      weights.scaleColumns(by: scales)
      result.append([.dense(weights, storedAs: first.shape.elementType)] + term.dropFirst())
    }
    return result
  }

  /// `diag(1/s) G diag(1/s)`.
  private static func scaled(
    _ gram: consuming HostMatrix<Double>?, _ scales: [Float]?, _ block: borrowing BlockEditor
  ) throws(StrategyError) -> HostMatrix<Double>? {
    guard let scales else { return gram }
    switch consume gram {
    case .none: return nil
    case .some(let gram):
      let result = try block.converted(gram, to: Double.self)
      for i in 0..<result.rows {
        for j in 0..<result.columns { result[i, j] /= Double(scales[i]) * Double(scales[j]) }
      }
      return result
    }
  }
}

extension QuantizeSettings {
  func quantizer(scaleType: ElementType) -> GroupQuantizer {
    GroupQuantizer(bits: bits, isSymmetric: isSymmetric, scaleType: scaleType)
  }

  /// Each weight rounded by itself.
  func rounded<Host: HostAccess & ~Copyable>(
    _ weights: borrowing HostMatrix<Float>, scaleType: ElementType, _ host: borrowing Host
  ) throws(StrategyError) -> QuantizedFactor {
    method == .nf4
      ? try CodebookQuantizer(levels: NormalLevels.sixteen, scaleType: scaleType)
        .quantize(weights, groupSize: groupSize, search: search, host)
      : try quantizer(scaleType: scaleType).quantize(weights, groupSize: groupSize, search: search, host)
  }
}
