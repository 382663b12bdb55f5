import Tensors

/// Reads the header of a GGUF file front to back; nothing is taken that the file does not hold.
struct GGUFCursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func take<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type
  ) throws(GGUFFault) -> Number {
    let size = MemoryLayout<Number>.size
    guard bytes.count - position >= size else { throw .truncated(at: position) }
    defer { position += size }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
  }

  /// A number of things that each take at least `size` bytes.
  mutating func count(of size: Int) throws(GGUFFault) -> Int {
    let start = position
    let count = try take(UInt64.self)
    guard count <= UInt64((bytes.count - position) / size) else { throw .truncated(at: start) }
    return Int(count)
  }

  mutating func text() throws(GGUFFault) -> String {
    let count = try count(of: 1)
    let start = position
    position += count
    let text = String(validating: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
    guard let text else { throw .notUTF8(at: start) }
    return text
  }

  mutating func kind(of key: String) throws(GGUFFault) -> GGUFValue.Kind {
    let number = try take(UInt32.self)
    guard let kind = GGUFValue.Kind(rawValue: number) else { throw .unknownKind(number, key: key) }
    return kind
  }

  mutating func value(_ kind: GGUFValue.Kind, key: String) throws(GGUFFault) -> GGUFValue {
    switch kind {
    case .u8: return .u8(try take(UInt8.self))
    case .i8: return .i8(try take(Int8.self))
    case .u16: return .u16(try take(UInt16.self))
    case .i16: return .i16(try take(Int16.self))
    case .u32: return .u32(try take(UInt32.self))
    case .i32: return .i32(try take(Int32.self))
    case .f32: return .f32(Float(bitPattern: try take(UInt32.self)))
    case .bool: return .bool(try take(UInt8.self) != 0)
    case .string: return .string(try text())
    case .u64: return .u64(try take(UInt64.self))
    case .i64: return .i64(try take(Int64.self))
    case .f64: return .f64(Double(bitPattern: try take(UInt64.self)))
    case .array:
      let element = try self.kind(of: key)
      guard element != .array else { throw .nestedArray(key: key) }
      let count = try count(of: element == .string ? 8 : element.byteCount)
      var elements: [GGUFValue] = []
      elements.reserveCapacity(count)
      for _ in 0..<count { elements.append(try value(element, key: key)) }
      return .array(element, elements)
    }
  }
}

extension GGUFValue.Kind {
  /// Bytes of a number.
  var byteCount: Int {
    switch self {
    case .u8, .i8, .bool, .string, .array: 1
    case .u16, .i16: 2
    case .u32, .i32, .f32: 4
    case .u64, .i64, .f64: 8
    }
  }
}
