import PluginKit

/// How codes are chosen.
enum Method: String, CaseIterable { case rtn, gptq, awq, nf4 }
/// How the scale of a group is chosen.
enum ScaleSearch: String, CaseIterable { case none, mse }
/// In which order GPTQ takes the columns.
enum ColumnOrder: String, CaseIterable { case natural, activation }
/// The arithmetic of GPTQ's column loop.
enum Precision: String, CaseIterable { case single, double }

/// The parameters of one linear.
struct QuantizeSettings: Sendable, Hashable {
  let method: Method
  let bits: Int
  let groupSize: Int
  let isSymmetric: Bool
  let search: ScaleSearch
  let order: ColumnOrder
  let damping: Double
  let precision: Precision
  let gridSteps: Int
  let residualRank: Int

  init<P: ParameterReading & ~Copyable>(_ parameters: borrowing P) throws(StrategyError) {
    method = try parameters.choice("method", as: Method.self)
    bits = try parameters.int("bits")
    groupSize = try parameters.int("group_size")
    isSymmetric = try parameters.bool("symmetric")
    search = try parameters.choice("search", as: ScaleSearch.self)
    order = try parameters.choice("order", as: ColumnOrder.self)
    damping = try parameters.double("damping")
    precision = try parameters.choice("precision", as: Precision.self)
    gridSteps = try parameters.int("alpha_steps")
    residualRank = try parameters.int("residual_rank")
    guard method != .nf4 || bits == 4 else {
      throw StrategyError(.invalid, "nf4 has 4 bits and not \(bits); leave bits out or choose another method")
    }
  }

  /// Whether it needs the Gram matrix of the inputs.
  var needsGram: Bool { method == .gptq || residualRank > 0 }

  /// Whether its GPTQ makes up for errors as that of `other` does, given the same inputs.
  func hasFeedback(of other: QuantizeSettings) -> Bool {
    method == other.method && order == other.order && damping == other.damping
  }

  var storage: MatrixShape.Storage {
    method == .nf4
      ? .codebook(bits: bits, groupSize: groupSize)
      : .quantized(bits: bits, groupSize: groupSize, hasZeroPoints: !isSymmetric)
  }

  /// The correction's rank for a linear of these sizes: no more than the smaller one.
  func residualRank(of node: Node) -> Int { min(residualRank, node.outFeatures, node.inFeatures) }

  /// The form that a linear of this shape is given; nil where it has nothing to quantise.
  func quantized(_ shape: LinearShape, of node: Node) -> LinearShape? {
    guard shape.terms.joined().contains(where: \.isDense) else { return nil }
    var result = LinearShape(
      terms: shape.terms.map { term in
        term.map { factor in
          var factor = factor
          if factor.isDense { factor.storage = storage }
          return factor
        }
      })
    let rank = residualRank(of: node)
    if rank > 0 {
      result.terms +=
        LinearShape.factored(outFeatures: node.outFeatures, inFeatures: node.inFeatures, rank: rank).terms
    }
    return result
  }
}

extension HostAccess where Self: ~Copyable {
  /// The settings of `node`, with the recipe's overrides; `common` where the host knows none.
  func settings(of node: Node, _ common: QuantizeSettings) throws(StrategyError) -> QuantizeSettings {
    guard let parameters = try parameters(of: node) else { return common }
    do throws(StrategyError) { return try QuantizeSettings(parameters) } catch {
      throw StrategyError(error.code, "\(error.message), for \(node.name)")
    }
  }
}
