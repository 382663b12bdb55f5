/// How the values of a tensor are stored in a GGUF file. Raw values are the numbers of the format.
public enum GGUFType: UInt32, Sendable, CaseIterable {
  case f32 = 0
  case f16 = 1
  case q4 = 2
  case q5 = 6
  case q5Offset = 7
  case q8 = 8
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case bf16 = 30

  /// The name in the format's own writing.
  public var name: String {
    switch self {
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .q8: "Q8_0"
    case .q4: "Q4_0"
    case .q5: "Q5_0"
    case .q5Offset: "Q5_1"
    case .q4K: "Q4_K"
    case .q5K: "Q5_K"
    case .q6K: "Q6_K"
    }
  }

  /// The type with this name, in capitals or not.
  public init?(named name: String) {
    guard let type = Self.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
    self = type
  }

  /// The codec of its blocks; nil for plain elements.
  var codec: (any BlockCodec.Type)? {
    switch self {
    case .f32, .f16, .bf16: nil
    case .q8: Q8Block.self
    case .q4: Q4Block.self
    case .q5: Q5Block.self
    case .q5Offset: Q5OffsetBlock.self
    case .q4K: Q4KBlock.self
    case .q5K: Q5KBlock.self
    case .q6K: Q6KBlock.self
    }
  }

  var symmetricCodec: (any SymmetricBlockCodec.Type)? { codec as? any SymmetricBlockCodec.Type }

  /// Values in a block; a row is a whole number of blocks.
  public var blockLength: Int { codec?.length ?? 1 }

  /// Bytes of a block.
  public var blockByteCount: Int { codec?.byteCount ?? (self == .f32 ? 4 : 2) }

  /// Bytes of a row of `columns` values, a multiple of the block.
  public func rowByteCount(_ columns: Int) -> Int { columns / blockLength * blockByteCount }

  /// The largest magnitude it can store.
  var largestMagnitude: Float {
    switch self {
    case .f32, .bf16: .greatestFiniteMagnitude
    case .f16: BlockField.largestScale
    default: codec?.largestMagnitude ?? .greatestFiniteMagnitude
    }
  }

  /// The type for a row of `columns` values: this one where it is a whole number of blocks, else what `llama.cpp`
  /// takes in its place (blocks of 32 with the next larger size), else F16.
  public func fitting(columns: Int) -> GGUFType {
    if columns.isMultiple(of: blockLength) { return self }
    let next: GGUFType =
      switch self {
      case .q4K: .q5
      case .q5K: .q5Offset
      case .q6K: .q8
      default: .f16
      }
    return next.fitting(columns: columns)
  }

  /// `general.file_type`: the number for "mostly this type".
  var fileType: UInt32 {
    switch self {
    case .f32: 0
    case .f16: 1
    case .q4: 2
    case .q8: 7
    case .q5: 8
    case .q5Offset: 9
    case .q4K: 14
    case .q5K: 16
    case .q6K: 18
    case .bf16: 32
    }
  }
}
