/// A value of the metadata of a GGUF file.
public enum GGUFValue: Sendable, Equatable {
  case u8(UInt8)
  case i8(Int8)
  case u16(UInt16)
  case i16(Int16)
  case u32(UInt32)
  case i32(Int32)
  case f32(Float)
  case bool(Bool)
  case string(String)
  /// Elements of one kind, which an empty array has too.
  case array(Kind, [GGUFValue])
  case u64(UInt64)
  case i64(Int64)
  case f64(Double)

  /// Raw values are the numbers of the format.
  public enum Kind: UInt32, Sendable {
    case u8 = 0
    case i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64
  }

  public var kind: Kind {
    switch self {
    case .u8: .u8
    case .i8: .i8
    case .u16: .u16
    case .i16: .i16
    case .u32: .u32
    case .i32: .i32
    case .f32: .f32
    case .bool: .bool
    case .string: .string
    case .array: .array
    case .u64: .u64
    case .i64: .i64
    case .f64: .f64
    }
  }

  /// Appends the value without its kind.
  func append(to bytes: inout [UInt8]) {
    switch self {
    case .u8(let value): bytes.append(value)
    case .i8(let value): bytes.append(UInt8(bitPattern: value))
    case .u16(let value): bytes.append(littleEndian: value)
    case .i16(let value): bytes.append(littleEndian: value)
    case .u32(let value): bytes.append(littleEndian: value)
    case .i32(let value): bytes.append(littleEndian: value)
    case .f32(let value): bytes.append(littleEndian: value.bitPattern)
    case .bool(let value): bytes.append(value ? 1 : 0)
    case .string(let value): bytes.append(lengthAndText: value)
    case .array(let kind, let elements):
      bytes.append(littleEndian: kind.rawValue)
      bytes.append(littleEndian: UInt64(elements.count))
      for element in elements { element.append(to: &bytes) }
    case .u64(let value): bytes.append(littleEndian: value)
    case .i64(let value): bytes.append(littleEndian: value)
    case .f64(let value): bytes.append(littleEndian: value.bitPattern)
    }
  }
}

extension [UInt8] {
  mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// A string as GGUF writes it: its length in 8 bytes, then UTF-8 without a terminator.
  mutating func append(lengthAndText text: String) {
    append(littleEndian: UInt64(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}
