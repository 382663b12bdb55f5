import LowRank
import PluginKit

/// The inputs of one group of linears in the half-compressed model, and what their outputs should be.
///
/// With `G' = X' X'^T` (inputs through the compressed blocks) and `G' = L L^T`, the best map of `X'` to the target
/// outputs `T` is `M = T X'^T G'^-1`, and for every `W'`
///
/// `||T - W' X'||^2 = ||T - M X'||^2 + ||P - W' L||^2`,   `P = M L = W K`
///
/// - target shifted, `T = W X'`: `K = L` and `M = W`;
/// - target original, `T = W X` with `C = X X'^T`: `K = C L^-T` and `M = W C G'^-1`;
/// - between, `T = W (a X + (1 - a) X')`: as original with `a C + (1 - a) G'` for C.
///
/// So rank-k factors are best when A spans the k leading left singular vectors of P and `B = A^T M` (Eckart-Young).
/// The paper's U-step (eq. 9-12, `A = T X'^T B^T (B G' B^T)^+`) followed by its V-step (eq. 13 without the misprint,
/// `B = A^+ M`) is one step of orthogonal iteration on `P P^T`: neither needs an inverse beyond that of L.
///
/// The ridge pulls both targets towards `W`: `G' + r I` and `C + r I`, so a direction that no input took maps as in W.
struct ShiftedOutputs: ~Copyable, Sendable {
  /// What the matrices below are in units of: the mean of the diagonal of `G'`; 0 where `G' = I` stands in.
  let unit: Double
  /// Lower triangular L `[n, n]`; nil where every input was zero.
  let factor: GramFactor?
  /// `K^T` `[n, n]`; nil for the shifted target.
  private let cross: HostMatrix<Double>?

  /// For the outputs of W on the shifted inputs.
  init<Host: HostAccess & ~Copyable>(
    gram: consuming HostMatrix<Double>, ridge: Double, _ host: borrowing Host
  ) throws(StrategyError) {
    let input = try WhitenedInput(gram, ridge: ridge, needsFactor: true, host)
    self.init(unit: input.unit, factor: input.takeFactor(), cross: nil)
  }

  /// For outputs between: `cross`: `C = sum x x'^T` `[n, n]`; `anchor`: a, at 1 the outputs of the original model.
  init<Host: HostAccess & ~Copyable>(
    gram: consuming HostMatrix<Double>, cross: borrowing HostMatrix<Double>, anchor a: Double, ridge: Double,
    _ host: borrowing Host
  ) throws(StrategyError) {
    let blended = try host.newMatrix(Double.self, rows: gram.rows, columns: gram.columns)
    for i in 0..<gram.rows {
      for j in 0..<gram.columns { blended[i, j] = a * cross[i, j] + (1 - a) * gram[i, j] }
    }
    let input = try WhitenedInput(gram, ridge: ridge, needsFactor: true, host)
    let solved = try Self.solved(blended, input, host)
    self.init(unit: input.unit, factor: input.takeFactor(), cross: solved)
  }

  private init(
    unit: Double, factor: consuming GramFactor?, cross: consuming HostMatrix<Double>?
  ) {
    self.unit = unit
    self.factor = factor
    self.cross = cross
  }

  /// `K^T = L^-1 C^T`; nil where every input was zero.
  private static func solved<Host: HostAccess & ~Copyable>(
    _ cross: borrowing HostMatrix<Double>, _ input: borrowing WhitenedInput, _ host: borrowing Host
  ) throws(StrategyError) -> HostMatrix<Double>? {
    switch input.factor {
    case .none: return nil
    case .some(let factor):
      let kt = try host.newMatrix(Double.self, rows: cross.columns, columns: cross.rows)
      for i in 0..<cross.rows {
        cross.withRow(i) { row in
          for j in row.indices { kt[j, i] = row[j] / input.unit + (i == j ? factor.ridge : 0) }
        }
      }
      try host.solveLower(factor.lower, kt)
      return kt
    }
  }

  /// `P = W K` `[m, n]`, in units of `sqrt(unit)`.
  func outputs<Host: HostAccess & ~Copyable>(
    of weight: borrowing HostMatrix<Double>, _ host: borrowing Host
  ) throws(StrategyError) -> HostMatrix<Double> {
    switch cross {
    case .some(let cross): return try host.product(weight, cross, transposeB: true)
    case .none: return try whitened(weight, host)
    }
  }

  /// `W L`; W where every input was zero.
  func whitened<Host: HostAccess & ~Copyable>(
    _ weight: borrowing HostMatrix<Double>, _ host: borrowing Host
  ) throws(StrategyError) -> HostMatrix<Double> {
    switch factor {
    case .some(let factor): return try host.product(weight, factor.lower)
    case .none: return try host.converted(weight, to: Double.self)
    }
  }

  /// `B = Q^T M` `[k, n]` for orthonormal columns Q `[m, k]`.
  func inputSide<Host: HostAccess & ~Copyable>(
    _ q: borrowing HostMatrix<Double>, _ weight: borrowing HostMatrix<Double>,
    _ p: borrowing HostMatrix<Double>,
    _ host: borrowing Host
  ) throws(StrategyError) -> HostMatrix<Double> {
    guard cross != nil else { return try host.product(q, transposeA: true, weight) }
    let bt = try host.product(p, transposeA: true, q)
    switch factor {
    case .some(let factor): try host.solveLower(factor.lower, transpose: true, bt)
    case .none: break
    }
    let b = try host.newMatrix(Double.self, rows: bt.columns, columns: bt.rows)
    for i in 0..<bt.rows {
      bt.withRow(i) { row in
        for j in row.indices { b[j, i] = row[j] }
      }
    }
    return b
  }
}
