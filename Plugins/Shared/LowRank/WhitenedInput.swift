import PluginKit

/// What the linears of one input group share: the Gram matrix, and its Cholesky factor where one of them is taller
/// than wide.
package struct WhitenedInput: ~Copyable, Sendable {
  /// `[n, n]`, as summed over the tokens.
  package let gram: HostMatrix<Double>
  /// `mean(diag G)`; 0 where no input was ever different from zero, and `G = I` then stands in.
  package let unit: Double
  /// What `wide` linears add to the diagonal of `G / unit`.
  package let ridge: Double
  package let factor: GramFactor?

  /// What was added to the diagonal for the Cholesky factor.
  package var factorRidge: Double? {
    switch factor {
    case .some(let factor): factor.ridge
    case .none: nil
    }
  }

  package consuming func takeFactor() -> GramFactor? { factor }

  package init<Host: HostAccess & ~Copyable>(
    _ gram: consuming HostMatrix<Double>, ridge: Double, needsFactor: Bool, _ host: borrowing Host
  ) throws(StrategyError) {
    guard gram.rows > 0, gram.columns == gram.rows else {
      throw StrategyError(.contract, "a Gram matrix is [\(gram.rows), \(gram.columns)] and not square")
    }
    let mean = gram.trace / Double(gram.rows)
    guard mean.isFinite else {
      throw StrategyError(.numerical, "the Gram matrix of the inputs is not finite")
    }
    let unit = mean >= Double.leastNormalMagnitude ? mean : 0
    var factor: GramFactor?
    if needsFactor, unit > 0 {
      factor = try GramFactor(gram, unit: unit, firstRidge: ridge, host)
    }
    self.unit = unit
    self.ridge = ridge
    self.factor = factor
    self.gram = gram
  }
}

extension WhitenedInput {
  /// The input that `node` reads; an error of the numbers names it.
  package static func read<Host: HostAccess & ~Copyable>(
    by node: Node, gram: consuming HostMatrix<Double>, ridge: Double, needsFactor: Bool,
    _ host: borrowing Host
  ) throws(StrategyError) -> WhitenedInput {
    do throws(StrategyError) {
      return try WhitenedInput(gram, ridge: ridge, needsFactor: needsFactor, host)
    } catch {
      throw error.naming(node)
    }
  }
}

/// `lower lower^T = G / unit + ridge I`.
package struct GramFactor: ~Copyable, Sendable {
  package let lower: HostMatrix<Double>
  package let ridge: Double

  /// Takes the first ridge of `firstRidge, 1e-12, 1e-10, ..., 1` (those above `firstRidge`) with which the matrix is
  /// positive definite.
  package init<Host: HostAccess & ~Copyable>(
    _ gram: borrowing HostMatrix<Double>, unit: Double, firstRidge: Double, _ host: borrowing Host
  ) throws(StrategyError) {
    let shifted = try host.newMatrix(Double.self, rows: gram.rows, columns: gram.columns)
    let ladder = [firstRidge] + [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1].filter { $0 > firstRidge }
    for ridge in ladder {
      for i in 0..<gram.rows {
        gram.withRow(i) { source in
          shifted.withMutableRow(i) { target in
            for j in target.indices { target[j] = source[j] / unit }
            target[i] += ridge
          }
        }
      }
      do throws(StrategyError) {
        self.lower = try host.cholesky(shifted)
        self.ridge = ridge
        return
      } catch {
        guard error.code == .numerical else { throw error }
      }
    }
    throw StrategyError(.numerical, "the Gram matrix of the inputs is far from positive semidefinite")
  }
}
