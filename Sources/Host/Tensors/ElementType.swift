/// How one element of a tensor is stored.
///
/// Raw values are the safetensors dtype names, so a header can be read and written without a second table.
public enum ElementType: String, Sendable, CaseIterable, Codable {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case i64 = "I64"
  case i32 = "I32"
  case i16 = "I16"
  case i8 = "I8"
  case u64 = "U64"
  case u32 = "U32"
  case u16 = "U16"
  case u8 = "U8"
  case bool = "BOOL"
  case f8e4m3 = "F8_E4M3"
  case f8e5m2 = "F8_E5M2"

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .bool, .f8e4m3, .f8e5m2: 1
    }
  }

  /// Whether values of this type can be read as `Float` by `Tensor.floats()`.
  public var isReal: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16: true
    default: false
    }
  }
}

/// Converts between `Float` and the upper half of its bit pattern.
public enum BFloat16 {
  /// The exact value of bfloat16 bits.
  @inlinable public static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// Rounds to nearest, ties to even; NaN stays NaN, overflow becomes infinity.
  @inlinable public static func bits(_ value: Float) -> UInt16 {
    let pattern = value.bitPattern
    let rounded = pattern &+ 0x7fff &+ ((pattern >> 16) & 1)
    let isNaN = pattern & 0x7fff_ffff > 0x7f80_0000
    return UInt16(truncatingIfNeeded: (isNaN ? pattern | 0x0040_0000 : rounded) >> 16)
  }
}
