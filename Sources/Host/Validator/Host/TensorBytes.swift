import CLathe
import Tensors

/// Numbers as the bytes of a tensor, and back.
enum TensorBytes {
  static func dtype(of type: ElementType) -> lathe_dtype {
    let (code, bits): (Int, Int) =
      switch type {
      case .f64: (LATHE_FLOAT, 64)
      case .f16: (LATHE_FLOAT, 16)
      case .bf16: (LATHE_BFLOAT, 16)
      case .u8: (LATHE_UINT, 8)
      default: (LATHE_FLOAT, 32)
      }
    return lathe_dtype(code: UInt8(code), bits: UInt8(bits), lanes: 1)
  }

  /// The types whose values the checking host reads; others exist, as i32.
  static func type(of dtype: lathe_dtype) -> ElementType? {
    [.f64, .f32, .f16, .bf16, .u8].first { type in
      let own = self.dtype(of: type)
      return own.code == dtype.code && own.bits == dtype.bits && dtype.lanes == 1
    }
  }

  static func bytes(of values: [Double], as type: ElementType) -> [UInt8] {
    func raw<Element: BitwiseCopyable>(_ elements: [Element]) -> [UInt8] {
      elements.withUnsafeBytes { Array($0) }
    }
    return switch type {
    case .f64: raw(values)
    case .f16: raw(values.map { Float16($0) })
    case .bf16: raw(values.map { BFloat16.bits(Float($0)) })
    case .u8: values.map { UInt8(max(0, min(255, $0))) }
    default: raw(values.map { Float($0) })
    }
  }

  static func numbers(_ base: UnsafeRawPointer, _ type: ElementType, count: Int) -> [Double] {
    (0..<count).map { i in
      switch type {
      case .f64: base.loadUnaligned(fromByteOffset: 8 * i, as: Double.self)
      case .f16: Double(base.loadUnaligned(fromByteOffset: 2 * i, as: Float16.self))
      case .bf16: Double(BFloat16.float(base.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)))
      case .u8: Double(base.load(fromByteOffset: i, as: UInt8.self))
      default: Double(base.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
      }
    }
  }

  static func write(_ values: [Double], _ type: ElementType, to base: UnsafeMutableRawPointer) {
    bytes(of: values, as: type).withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { base.copyMemory(from: source, byteCount: bytes.count) }
    }
  }
}

/// A tensor that a plugin gave, checked against the profile of lathe.h.
struct GivenTensor {
  let type: ElementType
  let shape: [Int]
  let base: UnsafeMutableRawPointer
  let isReadOnly: Bool

  var count: Int { shape.reduce(1, *) }
  var numbers: [Double] { TensorBytes.numbers(base, type, count: count) }

  /// Throws what is wrong with `pointer`.
  init(_ pointer: UnsafePointer<lathe_tensor>?, _ what: String) throws(Refusal) {
    guard let tensor = pointer?.pointee else { throw .unsound("\(what) is NULL") }
    guard let type = TensorBytes.type(of: tensor.dtype) else {
      throw .unsound("\(what) has the element type code \(tensor.dtype.code), \(tensor.dtype.bits) bits")
    }
    guard tensor.device_type == 1 else {
      throw .unsound("\(what) has device_type \(tensor.device_type), not 1")
    }
    guard (0...8).contains(tensor.ndim), tensor.ndim == 0 || tensor.shape != nil else {
      throw .unsound("\(what) has \(tensor.ndim) dimensions without a shape")
    }
    var shape: [Int] = []
    var bytes = type.byteCount
    for axis in 0..<Int(tensor.ndim) {
      let extent = tensor.shape[axis]
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(Int(extent), 1))
      guard extent >= 0, !overflow, product < 1 << 32 else {
        throw .unsound("\(what) has an extent of \(extent)")
      }
      bytes = product
      shape.append(Int(extent))
    }
    guard tensor.byte_offset == 0 else {
      throw .unsound("\(what) has byte_offset \(tensor.byte_offset), not 0")
    }
    if let strides = tensor.strides {
      var expected = 1
      for axis in shape.indices.reversed() where shape[axis] > 1 {
        guard strides[axis] == Int64(expected) else { throw .unsound("\(what) is not row-major and compact") }
        expected *= shape[axis]
      }
    }
    guard let data = tensor.data else { throw .unsound("\(what) has no data") }
    (self.type, self.shape, base) = (type, shape, data)
    isReadOnly = tensor.flags & UInt64(LATHE_TENSOR_READ_ONLY) != 0
  }
}

/// Why the checking host does not do what it was asked.
struct Refusal: Error {
  let status: Int32
  let message: String
  /// The case that is about the broken rule; nil where the plugin did nothing wrong.
  var rule: String?

  static func unsound(_ message: String) -> Refusal { broke("forms-are-sound", message) }
  static func broke(_ rule: String, _ message: String) -> Refusal {
    Refusal(status: lathe_status(LATHE_ERR_CONTRACT), message: message, rule: rule)
  }
  static func no(_ status: Int, _ message: String) -> Refusal {
    Refusal(status: lathe_status(status), message: message, rule: nil)
  }
}
