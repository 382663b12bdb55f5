import Graph
import LinearAlgebra

/// Where a factor stands in a linear layer.
public struct FactorPlace: Sendable, Hashable {
  public let term: Int
  /// Factor 0 meets the input.
  public let factor: Int

  public init(term: Int, factor: Int) {
    self.term = term
    self.factor = factor
  }
}

/// The numbers of a linear layer that a gradient is taken with respect to.
public struct LinearSelection: Sendable, Hashable {
  public var factors: Set<FactorPlace>
  public var bias: Bool

  public init(factors: Set<FactorPlace> = [], bias: Bool = false) {
    self.factors = factors
    self.bias = bias
  }

  public var isEmpty: Bool { factors.isEmpty && !bias }

  /// Whether a gradient needs the layer's own input.
  var needsInput: Bool { factors.contains { $0.factor == 0 } }
}

/// d loss / d values of the selected numbers of one linear layer.
public struct LinearGradient: Sendable {
  /// `[rows, columns]` of matrices, `[1, n]` of diagonals.
  public internal(set) var factors: [FactorPlace: Matrix<Float>] = [:]
  /// `[1, out]`.
  public internal(set) var bias: Matrix<Float>?

  /// Zeros.
  public init(_ selection: LinearSelection, of linear: PreparedLinear) {
    for place in selection.factors where linear.terms.indices.contains(place.term) {
      guard linear.terms[place.term].indices.contains(place.factor) else { continue }
      factors[place] =
        switch linear.terms[place.term][place.factor] {
        case .matrix(let matrix): Matrix(rows: matrix.rows, columns: matrix.columns)
        case .diagonal(let values): Matrix(rows: 1, columns: values.count)
        }
    }
    if selection.bias { bias = Matrix(rows: 1, columns: linear.outFeatures) }
  }

  /// Bytes of the gradients of one window.
  public static func byteCount(_ selection: LinearSelection, of form: LinearForm) -> Int {
    var count = selection.bias ? form.terms.first?.last?.rows ?? 0 : 0
    for place in selection.factors where form.terms.indices.contains(place.term) {
      guard form.terms[place.term].indices.contains(place.factor) else { continue }
      let factor = form.terms[place.term][place.factor]
      if case .diagonal = factor.storage {
        count += factor.rows
      } else {
        count += factor.rows * factor.columns
      }
    }
    return count * MemoryLayout<Float>.size
  }
}
