import PluginKit

/// Rounds the weights of the selected linears to `bits` significant bits and stores them as before.
struct RoundBitsStrategy: ForecastingStrategy {
  static let descriptor = StrategyDescriptor(
    id: "example.round-bits", name: "Round bits", version: "1.0.0",
    summary: "rounds weights to a few significant bits", traits: [.blockParallel],
    requires: [.parameters, .graph], uses: [.report],
    parameters: [.int("bits", in: 1...24, default: 8, "significant bits that a weight keeps")])
  let bits: Int

  init(_ parameters: borrowing Parameters) throws(StrategyError) { bits = try parameters.int("bits") }

  func compress(_ block: borrowing BlockEditor, _ allocation: Void) throws(StrategyError) {
    for node in try block.selected() {
      try block.checkCancellation()
      // A product or codes, which an earlier stage made, stay as they are here: one dense matrix in their place
      // would undo what that stage saved.
      let form = try block.shape(of: node).terms
      guard form.count == 1, form[0].count == 1, form[0][0].isDense else { continue }
      let weight = try block.denseWeight(of: node)
      let error = weight.withMutableElements { roundWeights(&$0) }
      try block.replace(node, with: LinearForm(terms: [[.dense(weight)]]))
      block.report("weight_error", error, about: node)
    }
  }

  /// Called with a layer in any form, to know sizes before any work. Here shapes never change, and a forecast that
  /// replaces nothing says so.
  func forecast(_ node: borrowing NodeForecast, _ allocation: Void?) throws(StrategyError) {}

  /// THE METHOD: what becomes of one weight matrix `[out, in]`, row after row. Returns the relative error.
  private func roundWeights(_ values: inout MutableSpan<Float>) -> Double {
    var (error, total) = (0.0, 0.0)
    for index in values.indices where values[index] != 0 {
      let old = Double(values[index])
      let unit = Double(sign: .plus, exponent: Int(old.exponent) + 1 - bits, significand: 1)
      values[index] = Float((old / unit).rounded(.toNearestOrEven) * unit)
      error += (Double(values[index]) - old) * (Double(values[index]) - old)
      total += old * old
    }
    return total > 0 ? (error / total).squareRoot() : 0
  }
}
