import CLathe

/// How one number is stored.
public struct ElementType: Sendable, Hashable {
  /// The DLPack type code.
  public let code: UInt8
  public let bits: UInt8

  public static let float16 = ElementType(code: UInt8(LATHE_FLOAT), bits: 16)
  public static let float32 = ElementType(code: UInt8(LATHE_FLOAT), bits: 32)
  public static let float64 = ElementType(code: UInt8(LATHE_FLOAT), bits: 64)
  public static let bfloat16 = ElementType(code: UInt8(LATHE_BFLOAT), bits: 16)
  public static let int32 = ElementType(code: UInt8(LATHE_INT), bits: 32)
  public static let uint8 = ElementType(code: UInt8(LATHE_UINT), bits: 8)

  init(code: UInt8, bits: UInt8) {
    self.code = code
    self.bits = bits
  }

  /// Nil for the unspecified type.
  init?(_ dtype: lathe_dtype) {
    guard dtype.bits != 0 else { return nil }
    self.init(code: dtype.code, bits: dtype.bits)
  }

  var dtype: lathe_dtype { lathe_dtype(code: code, bits: bits, lanes: 1) }

  /// The nearest number of this type, ties to even; float64 and the integer types leave a float as it is.
  ///
  /// A number beyond the largest finite one becomes infinite, as it would in storage.
  public func rounded(_ value: Float) -> Float {
    switch self {
    case .float16: Float(Float16(value))
    case .bfloat16: Self.roundedToBFloat16(value)
    default: value
    }
  }

  /// The smallest number of this type that is not below `value`; the integer types and float64 give a float32.
  public func roundedUp(_ value: Double) -> Float {
    let nearest = rounded(Float(value))
    guard nearest.isFinite, Double(nearest) < value else { return nearest }
    switch self {
    case .float16: return Float(Float16(nearest).nextUp)
    case .bfloat16:
      // Towards zero for a negative number, whose magnitude the bit pattern below it has.
      let bits = nearest.bitPattern
      guard nearest != 0 else { return Float(bitPattern: 0x0001_0000) }
      return Float(bitPattern: nearest < 0 ? bits - 0x0001_0000 : bits + 0x0001_0000)
    default: return nearest.nextUp
    }
  }

  /// The smallest positive normal number.
  public var leastNormalMagnitude: Float {
    self == .float16 ? Float(Float16.leastNormalMagnitude) : .leastNormalMagnitude
  }

  /// The largest finite number, as float32.
  public var greatestFiniteMagnitude: Float {
    switch self {
    case .float16: Float(Float16.greatestFiniteMagnitude)
    case .bfloat16: Float(bitPattern: 0x7f7f_0000)
    default: .greatestFiniteMagnitude
    }
  }

  private static func roundedToBFloat16(_ value: Float) -> Float {
    guard value.isFinite else { return value }
    let bits = value.bitPattern
    let rounding = 0x7fff + ((bits >> 16) & 1)
    return Float(bitPattern: (bits + rounding) & 0xffff_0000)
  }
}
