import Tensors

/// The shapes and storage of a linear layer's factors without their numbers.
public struct LinearForm: Sendable, Hashable, Codable {
  /// Terms, each with its factors in the order they are applied.
  public var terms: [[FactorForm]]

  public init(terms: [[FactorForm]]) { self.terms = terms }

  /// One dense factor.
  public static func dense(outFeatures: Int, inFeatures: Int, _ type: ElementType) -> LinearForm {
    LinearForm(terms: [[FactorForm(rows: outFeatures, columns: inFeatures, storage: .dense(type))]])
  }

  /// Bytes of all factors as stored; a bias is not counted.
  public var byteCount: Int { terms.joined().reduce(0) { $0 + $1.byteCount } }

  /// The smallest inner dimension of the widest chain: the sum over terms of the smallest extent in each.
  public var rank: Int {
    terms.reduce(0) { sum, term in sum + (term.map { min($0.rows, $0.columns) }.min() ?? 0) }
  }

  /// Name prefixes of the factors below the layer's name, by term: empty for a single factor, else
  /// `<term>.<factor>.`.
  public var factorNames: [[String]] {
    if terms.count == 1, terms[0].count == 1 { return [[""]] }
    return terms.indices.map { t in terms[t].indices.map { f in "\(t).\(f)." } }
  }

  /// Names, element types and shapes of the stored tensors below the layer's name, in the order of
  /// `Linear.storedTensors`.
  public var storedTensors: [(name: String, elementType: ElementType, shape: [Int])] {
    zip(factorNames.joined(), terms.joined()).flatMap { name, factor in
      factor.parts.map { (name + $0.suffix, $0.elementType, $0.shape) }
    }
  }

  /// Throws unless every term is a chain of conformable factors from `inFeatures` to `outFeatures`.
  public func checkChain(outFeatures: Int, inFeatures: Int) throws(GraphError) {
    guard !terms.isEmpty else { throw .noFactors }
    for term in terms {
      guard !term.isEmpty else { throw .noFactors }
      var width = inFeatures
      for factor in term {
        guard factor.columns == width, factor.rows > 0 else {
          throw .factorsDoNotChain(expected: width, rows: factor.rows, columns: factor.columns)
        }
        width = factor.rows
      }
      guard width == outFeatures else { throw .outputWidth(expected: outFeatures, found: width) }
    }
  }
}
