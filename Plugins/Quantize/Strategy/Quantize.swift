import LowRank
import PluginKit

/// Stores every dense factor of every selected linear in few bits.
///
/// Works on any form: a plain layer, both factors of a low-rank one, the terms of a sum. Factors that are already
/// quantised or diagonal stay as they are.
///
/// - `rtn` rounds each weight to the nearest code (`GroupQuantizer`).
/// - `gptq` (arXiv 2210.17323) makes up for the error of each column in those after it (`ColumnLoop`).
/// - `awq` (arXiv 2306.00978) scales input features before rounding (`ScaleSearch`), where the layer before can absorb
///   the scale.
/// - `nf4` (arXiv 2305.14314) rounds to the quantiles of the normal distribution (`NormalLevels`).
public struct Quantize: ForecastingStrategy {
  let common: QuantizeSettings
  /// Whether statistics come through the blocks that were quantised before.
  let readsCompressed: Bool

  public static let descriptor = StrategyDescriptor(
    id: "quantize", name: "Quantize", version: "1.1.0",
    summary: "stores weights as 2 to 8 bit codes in groups that share a scale",
    reference: "https://arxiv.org/abs/2210.17323",
    traits: [.inOrder, .takesOverrides],
    requires: [.parameters, .graph], uses: [.calibration, .linearAlgebra, .parallel, .report],
    statistics: [.inputGram, .inputAbsoluteMean, .inputSample],
    parameters: [
      .choice(
        "method", of: Method.allCases.map(\.rawValue), default: Method.rtn.rawValue,
        "how codes are chosen: rtn rounds to the nearest; gptq and awq look at the inputs; nf4 is a table"),
      .int("bits", in: 2...8, default: 4, "bits per code; nf4 has 4"),
      .int("group_size", in: 0...65536, default: 64, "columns that share a scale; 0: the whole row"),
      .bool("symmetric", default: false, "fix the zero at the middle code instead of fitting it"),
      .choice(
        "search", of: ScaleSearch.allCases.map(\.rawValue), default: ScaleSearch.none.rawValue,
        "scale of a group: none reaches both ends, mse clips where that makes the squared error smaller"),
      .int(
        "residual_rank", in: 0...65536, default: 0,
        "rank of a second term that corrects the error, best for the inputs of the text; 0: none"),
      .choice(
        "upstream", of: ["original", "compressed"], default: "original",
        "where the inputs of the text come from: the model as it was, or through the blocks quantised before"),
      .choice(
        "order", of: ColumnOrder.allCases.map(\.rawValue), default: ColumnOrder.natural.rawValue,
        "gptq: columns from left to right, or those with the largest inputs first"),
      .float(
        "damping", in: 0.0...1.0, default: 0.01,
        "gptq: added to the Gram matrix, times the mean of its diagonal"),
      .choice(
        "precision", of: Precision.allCases.map(\.rawValue), default: Precision.single.rawValue,
        "gptq: arithmetic of the column loop; the decomposition is always double"
      ).advanced,
      .int("alpha_steps", in: 1...100, default: 20, "awq: exponents of the scale that are tried").advanced,
    ])

  public init(_ parameters: borrowing Parameters) throws(StrategyError) {
    common = try QuantizeSettings(parameters)
    readsCompressed = try parameters.text("upstream") == "compressed"
  }

  public func plan(_ model: borrowing ModelView, _ requests: borrowing Requests) throws(StrategyError) {
    for group in try model.selectedNodes().byInputGroup() {
      var isScaled = false
      for node in group {
        let settings = try model.settings(of: node, common)
        guard try settings.quantized(model.shape(of: node), of: node) != nil else { continue }
        if settings.needsGram || settings.method == .awq { try Self.checkHasStatistics(node, settings) }
        if settings.needsGram {
          try requests.request(
            .inputGram, of: node, as: Double.self, for: .compress, upstreamCompressed: readsCompressed)
        }
        if settings.method == .awq { isScaled = true }
      }
      guard isScaled else { continue }
      for node in group {
        guard try model.settings(of: node, common).method == .awq else {
          throw StrategyError(
            .invalid,
            "\(node.name) reads the same input as a layer with method awq; give all of them that method")
        }
      }
      // Refuses before the pass over the text what cannot be scaled.
      _ = try model.scaleClasses(of: group[0])
      try requests.request(
        .inputAbsoluteMean, of: group[0], as: Double.self, for: .compress, upstreamCompressed: readsCompressed
      )
      try requests.request(
        .inputSample, of: group[0], as: Double.self, for: .compress, upstreamCompressed: readsCompressed,
        maxRows: Self.sampleRows)
    }
  }

  /// Rows of inputs on which awq compares scales.
  static let sampleRows = 512

  private static func checkHasStatistics(_ node: Node, _ settings: QuantizeSettings) throws(StrategyError) {
    guard node.block == nil else { return }
    let wish = settings.residualRank > 0 ? "residual_rank" : "method \(settings.method.rawValue)"
    throw StrategyError(
      .unsupported,
      "\(wish) needs the inputs of \(node.name), which is in no block; exclude it, or override its parameters"
    )
  }

  public func forecast(_ node: borrowing NodeForecast, _ allocation: Void?) throws(StrategyError) {
    let settings = try node.settings(of: node.node, common)
    guard let shape = try settings.quantized(node.shape(of: node.node), of: node.node) else { return }
    try node.replace(with: shape)
  }
}
