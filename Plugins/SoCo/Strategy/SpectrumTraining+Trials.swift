import LowRank
import PluginKit

extension SpectrumTraining {
  /// The trials of all linears: with every component, or, once cut, with what is kept.
  static func trials(
    _ linears: [TrainedLinear], _ state: TrainingState, isCut: Bool, _ model: borrowing ModelView
  ) throws(StrategyError) -> Trials {
    try Trials.placed(linears, state, model) { (linear) throws(StrategyError) in
      guard let vector = linear.spectra.first else { return try Self.present(linear.node, model) }
      let learned = state.vectors[vector]
      // A form that is not one dense matrix cannot take scales in without a factor more: it stays as it is.
      if isCut, !learned.isFactored, try !model.shape(of: linear.node).isOneDenseMatrix {
        return TrialForm(terms: try model.form(of: linear.node).terms, diagonals: [])
      }
      return try Self.spectral(linear.node, isCut ? learned.active : Array(0..<learned.count), model)
    }
  }

  private static func present(
    _ node: Node, _ model: borrowing ModelView
  ) throws(StrategyError) -> TrialForm {
    TrialForm(terms: try model.form(of: node).terms, diagonals: [])
  }

  /// `U_K diag(S) (U_K^T W)` for the components K.
  private static func spectral(
    _ node: Node, _ components: [Int], _ model: borrowing ModelView
  ) throws(StrategyError) -> TrialForm {
    let pair = try FactorPair(of: node, components: components, model)
    let ones = try model.vector(components.map { _ in 1 })
    var terms = pair.takeForm().terms
    terms[0].insert(.diagonal(ones), at: 1)
    return TrialForm(
      terms: terms, diagonals: [TrialForm.Diagonal(term: 0, factor: 1, components: components)])
  }

  /// The share of the selected linears' present bytes that the active components take.
  static func size(
    _ linears: [TrainedLinear], _ budget: StageBudget, _ state: TrainingState, _ model: borrowing ModelView
  ) throws(StrategyError) -> Double {
    let trained = Dictionary(uniqueKeysWithValues: linears.map { ($0.node.id, $0) })
    var bytes = 0
    for (node, current) in zip(budget.nodes, budget.current) {
      if let vector = trained[node.id]?.spectra.first, state.vectors[vector].isFactored {
        let rank = state.vectors[vector].active.count
        bytes += try model.cost(of: .factored(node, rank: rank), as: node)
      } else {
        bytes += current
      }
    }
    return Double(bytes) / Double(max(1, budget.current.reduce(0, +)))
  }

  /// What was learned, by node id.
  func learned(_ model: borrowing ModelView) throws(StrategyError) -> [UInt32: LearnedLinear] {
    var result: [UInt32: LearnedLinear] = [:]
    let vectors = trainer.state.vectors
    for linear in linears {
      let spectrum = linear.spectra.first.map { vectors[$0] }
      let isOneMatrix = try model.shape(of: linear.node).isOneDenseMatrix
      let holdsScales = isOneMatrix || spectrum?.isFactored == true
      let components = holdsScales ? spectrum?.active ?? [] : []
      result[linear.node.id] = LearnedLinear(
        isFactored: spectrum?.isFactored ?? false, components: components,
        scales: components.map { Float(spectrum?.value($0) ?? 1) },
        bias: linear.bias.map { vectors[$0].theta.map { Float($0) } })
    }
    return result
  }
}

/// What training made of one linear.
public struct LearnedLinear: Sendable {
  /// Whether it becomes a factor pair; else it keeps its form, with the scales in it where that is one matrix.
  let isFactored: Bool
  /// Ascending; empty where the scales are not used.
  let components: [Int]
  let scales: [Float]
  /// All of it, with what the layer had; nil where it is not trained.
  let bias: [Float]?
}

extension FactorPair {
  /// The components of `node`: `A = U_K`, `B = U_K^T W`.
  init<Host: HostAccess & ~Copyable>(
    of node: Node, components: [Int], _ host: borrowing Host
  ) throws(StrategyError) {
    let basis = try host.kept(Float.self, for: node, key: SoCo.basisKey)
    guard basis.rows == node.outFeatures, components.allSatisfy((0..<basis.columns).contains) else {
      throw StrategyError(.contract, "a kept basis is [\(basis.rows), \(basis.columns)], at \(node.name)")
    }
    let a = try host.newMatrix(Float.self, rows: basis.rows, columns: components.count)
    for i in 0..<basis.rows {
      basis.withRow(i) { source in
        a.withMutableRow(i) { target in
          for (j, component) in components.enumerated() { target[j] = source[component] }
        }
      }
    }
    let b = try host.product(a, transposeA: true, host.denseWeight(of: node))
    self.init(a: a, b: b)
  }

  /// Multiplies row i of B by `scales[i]`, then moves a factor between column i of A and row i of B that makes their
  /// norms equal, so that rounding treats both alike.
  func fold(_ scales: [Float]) {
    var norms = Array(repeating: 0.0, count: a.columns)
    for i in 0..<a.rows {
      a.withRow(i) { row in
        for j in row.indices { norms[j] += Double(row[j]) * Double(row[j]) }
      }
    }
    var factors: [Float] = []
    for i in 0..<b.rows {
      factors.append(
        b.withMutableRow(i) { row in
          var norm = 0.0
          for j in row.indices {
            row[j] *= scales[i]
            norm += Double(row[j]) * Double(row[j])
          }
          let even = norms[i] > 0 ? (norm / norms[i]).squareRoot().squareRoot() : 1
          let factor = even.isNormal ? Float(even) : 1
          for j in row.indices { row[j] /= factor }
          return factor
        })
    }
    for i in 0..<a.rows {
      a.withMutableRow(i) { row in
        for j in row.indices { row[j] *= factors[j] }
      }
    }
  }
}
