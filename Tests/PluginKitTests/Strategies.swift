import PluginKit
import Synchronization

/// Halves every selected linear; no analysis, no budget.
struct Halve: CompressionStrategy {
  static let descriptor = StrategyDescriptor(
    id: "test.halve", name: "Halve", version: "1.2.3", summary: "halves",
    requires: [.parameters, .graph],
    parameters: [.float("factor", in: 0...2, default: 0.5, "what to multiply by")])

  let factor: Double

  init(_ parameters: borrowing Parameters) throws(StrategyError) {
    factor = try parameters.double("factor")
  }

  func compress(_ block: borrowing BlockEditor, _ allocation: Void) throws(StrategyError) {
    for node in try block.selected() {
      let weight = try block.denseWeight(of: node)
      weight.withMutableElements { elements in
        for i in elements.indices { elements[i] *= Float(factor) }
      }
      try block.replace(node, with: LinearForm(terms: [[.dense(weight)]]))
    }
  }
}

/// Every phase and every service: keeps traces, counts blocks, forecasts, finishes.
struct Everything: ForecastingStrategy, FinishingStrategy {
  struct Trace: Sendable {
    let block: Int?
    let value: Double
  }

  static let descriptor = StrategyDescriptor(
    id: "test.everything", name: "Everything", version: "1.0.0", summary: "uses everything",
    traits: [.blockParallel, .takesBudget],
    requires: [.parameters, .graph, .budget, .calibration, .linearAlgebra], uses: [.parallel, .report],
    statistics: [.inputGram, .blockSimilarity],
    parameters: [
      .int("count", in: 1...8, default: 3, "a number"),
      .choice("mode", of: ["a", "b"], default: "b", "a choice"),
      .bool("flag", default: true, "a truth").advanced,
      .string("text", default: nil, "a required text"),
    ])

  init(_ parameters: borrowing Parameters) throws(StrategyError) {
    guard try parameters.int("count") == 3, try parameters.bool("flag"), try parameters.text("mode") == "b"
    else {
      throw StrategyError(.invalid, "the defaults did not arrive")
    }
  }

  func plan(_ model: borrowing ModelView, _ requests: borrowing Requests) throws(StrategyError) {
    for node in try model.selectedNodes() {
      try requests.request(.inputGram, of: node, as: Double.self, for: .analyze)
    }
  }

  func analyze(_ block: borrowing BlockView) throws(StrategyError) -> Trace {
    let nodes = try block.selected()
    let gram = try block.statistic(.inputGram, of: nodes[0], as: Double.self)
    let squares = try block.newMatrix(Double.self, rows: gram.matrix.rows, columns: 1)
    try block.forEach(gram.matrix.rows) { (row) throws(StrategyError) in
      squares[row, 0] = gram.matrix[row, row]
    }
    return Trace(block: block.block, value: squares.array().reduce(0, +))
  }

  func allocate(_ summaries: [Trace], _ model: borrowing ModelView) throws(StrategyError) -> [Double] {
    for (index, summary) in summaries.enumerated() { model.report("trace\(index)", summary.value) }
    return summaries.map { Double($0.block ?? -1) }
  }

  func compress(_ block: borrowing BlockEditor, _ allocation: [Double]) throws(StrategyError) {
    for (index, number) in allocation.enumerated() { block.report("order\(index)", number) }
  }

  func finish(_ model: borrowing ModelEditor, _ allocation: [Double]) throws(StrategyError) {}

  func forecast(_ node: borrowing NodeForecast, _ allocation: [Double]?) throws(StrategyError) {
    let shape = try node.shape(of: node.node)
    try node.replace(with: LinearShape(terms: shape.terms + shape.terms))
  }
}

/// Fails in the pieces of a parallel loop, at all indices from 3 on.
struct Failing: CompressionStrategy {
  static let descriptor = StrategyDescriptor(
    id: "test.failing", name: "Failing", version: "1.0.0", summary: "fails", requires: [.graph])

  init(_ parameters: borrowing Parameters) throws(StrategyError) {}

  func compress(_ block: borrowing BlockEditor, _ allocation: Void) throws(StrategyError) {
    try block.forEach(8) { (index) throws(StrategyError) in
      if index >= 3 { throw StrategyError(.numerical, "piece \(index) is singular") }
    }
  }
}
