/// A matrix `[rows, columns]` as it is stored, without its numbers.
public struct MatrixShape: Sendable, Hashable {
  /// How the elements are stored.
  public enum Storage: Sendable, Hashable {
    case dense
    /// `rows == columns` numbers.
    case diagonal
    /// `w[i, j] = scale[i, g] * (code[i, j] - zero[i, g])`, `g = j / groupSize`; a group size of 0 means the
    /// whole row; without zero points the zero is the middle code `2^(bits-1)`.
    case quantized(bits: Int, groupSize: Int, hasZeroPoints: Bool)
    /// `w[i, j] = scale[i, g] * codebook[code[i, j]]`, groups as above, `2^bits` numbers in the codebook.
    case codebook(bits: Int, groupSize: Int)
  }

  public var rows: Int
  public var columns: Int
  public var storage: Storage
  /// Of dense and diagonal values and of scales; nil means the element type of the node.
  public var elementType: ElementType?

  public init(rows: Int, columns: Int, storage: Storage = .dense, elementType: ElementType? = nil) {
    self.rows = rows
    self.columns = columns
    self.storage = storage
    self.elementType = elementType
  }

  public var isDense: Bool { storage == .dense }
}

/// A sum of products of matrices without its numbers: enough to price it.
public struct LinearShape: Sendable, Hashable {
  /// Terms, each with its factors in the order in which they meet the input.
  public var terms: [[MatrixShape]]

  public init(terms: [[MatrixShape]]) { self.terms = terms }

  /// One dense matrix `[out, in]`.
  public static func dense(outFeatures: Int, inFeatures: Int) -> LinearShape {
    LinearShape(terms: [[MatrixShape(rows: outFeatures, columns: inFeatures)]])
  }

  /// `A B` with A `[out, rank]` and B `[rank, in]`, both dense.
  public static func factored(outFeatures: Int, inFeatures: Int, rank: Int) -> LinearShape {
    LinearShape(terms: [
      [MatrixShape(rows: rank, columns: inFeatures), MatrixShape(rows: outFeatures, columns: rank)]
    ])
  }
}
