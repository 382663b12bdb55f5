import Tensors

/// The shape and storage of a factor without its numbers: enough to price it.
public struct FactorForm: Sendable, Hashable, Codable {
  /// How the elements are stored.
  public enum Storage: Sendable, Hashable, Codable {
    /// `[rows, columns]` of one element type.
    case dense(ElementType)
    /// A diagonal of `rows == columns` elements.
    case diagonal(ElementType)
    /// Integer codes in groups along the columns that share a scale and, unless symmetric, a zero point.
    case quantized(QuantizationScheme)
    /// Codes that look real numbers up in a table, in groups along the columns that share a scale.
    case codebook(CodebookScheme)
  }

  public var rows: Int
  public var columns: Int
  public var storage: Storage

  public init(rows: Int, columns: Int, storage: Storage) {
    self.rows = rows
    self.columns = columns
    self.storage = storage
  }

  /// The tensors that store this factor, as (name suffix, element type, shape).
  ///
  /// Quantised factors use the tensor names and layouts of compressed-tensors' `pack-quantized` format.
  public var parts: [(suffix: String, elementType: ElementType, shape: [Int])] {
    switch storage {
    case .dense(let type): return [("weight", type, [rows, columns])]
    case .diagonal(let type): return [("diagonal", type, [rows])]
    case .quantized(let scheme):
      let groups = scheme.groupCount(columns: columns)
      var parts: [(String, ElementType, [Int])] = [
        ("weight_packed", .i32, [rows, BitPacking.wordCount(count: columns, bits: scheme.bits)]),
        ("weight_scale", scheme.scaleType, [rows, groups]),
        ("weight_shape", .i64, [2]),
      ]
      if !scheme.isSymmetric {
        let words = BitPacking.wordCount(count: rows, bits: scheme.bits)
        parts.append(("weight_zero_point", .i32, [words, groups]))
      }
      return parts
    case .codebook(let scheme):
      return [
        ("weight_packed", .i32, [rows, BitPacking.wordCount(count: columns, bits: scheme.bits)]),
        ("weight_scale", scheme.scaleType, [rows, scheme.groupCount(columns: columns)]),
        ("weight_shape", .i64, [2]), ("weight_codebook", .f32, [1 << scheme.bits]),
      ]
    }
  }

  /// Bytes of all its tensors.
  public var byteCount: Int {
    parts.reduce(0) { $0 + $1.shape.reduce($1.elementType.byteCount, *) }
  }
}

/// How integer codes stand for real numbers: `w = scale * (code - zero)`, one scale and zero per group.
public struct QuantizationScheme: Sendable, Hashable, Codable {
  /// 2 to 8.
  public var bits: Int
  /// Columns that share a scale; the last group of a row may be shorter. 0 means the whole row.
  public var groupSize: Int
  /// Whether the zero is fixed at the middle code `2^(bits-1)`.
  public var isSymmetric: Bool
  public var scaleType: ElementType

  public init(bits: Int, groupSize: Int, isSymmetric: Bool, scaleType: ElementType) {
    self.bits = bits
    self.groupSize = groupSize
    self.isSymmetric = isSymmetric
    self.scaleType = scaleType
  }

  /// Groups in a row, a ragged last one included.
  public func groupCount(columns: Int) -> Int { Self.groupCount(columns: columns, groupSize: groupSize) }

  static func groupCount(columns: Int, groupSize: Int) -> Int {
    groupSize == 0 ? min(1, columns) : (columns + groupSize - 1) / groupSize
  }
}

/// How codes stand for real numbers by a table: `w = scale * codebook[code]`, one scale per group.
public struct CodebookScheme: Sendable, Hashable, Codable {
  /// 2 to 8; the table has `2^bits` numbers.
  public var bits: Int
  /// Columns that share a scale; the last group of a row may be shorter. 0 means the whole row.
  public var groupSize: Int
  public var scaleType: ElementType

  public init(bits: Int, groupSize: Int, scaleType: ElementType) {
    self.bits = bits
    self.groupSize = groupSize
    self.scaleType = scaleType
  }

  /// Groups in a row, a ragged last one included.
  public func groupCount(columns: Int) -> Int {
    QuantizationScheme.groupCount(columns: columns, groupSize: groupSize)
  }
}
