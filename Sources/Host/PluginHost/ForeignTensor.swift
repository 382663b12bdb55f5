import CLathe
import Tensors

/// The two directions between `Tensor` and the ABI's `lathe_tensor`.
enum ForeignTensor {
  /// A `lathe_tensor` over `tensor`, which lives until its deleter runs or, when borrowed, `Arena` frees it.
  static func make(_ tensor: Tensor, readOnly: Bool) -> UnsafeMutablePointer<lathe_tensor> {
    let box = Box(tensor)
    let pointer = UnsafeMutablePointer<lathe_tensor>.allocate(capacity: 1)
    pointer.initialize(
      to: lathe_tensor(
        dlpack_major: 1, dlpack_minor: 1, manager_ctx: Unmanaged.passRetained(box).toOpaque(),
        deleter: { pointer in if let pointer { ForeignTensor.destroy(pointer) } },
        flags: readOnly ? UInt64(LATHE_TENSOR_READ_ONLY) : 0, data: tensor.storage.base + tensor.byteOffset,
        device_type: 1, device_id: 0, ndim: Int32(tensor.shape.count), dtype: dtype(of: tensor.elementType),
        shape: box.shape, strides: box.strides, byte_offset: 0))
    return pointer
  }

  /// Frees what `make` made.
  static func destroy(_ pointer: UnsafeMutablePointer<lathe_tensor>) {
    if let context = pointer.pointee.manager_ctx { Unmanaged<Box>.fromOpaque(context).release() }
    pointer.deinitialize(count: 1)
    pointer.deallocate()
  }

  /// A tensor of either side, checked: its type, shape and first byte.
  struct View {
    let elementType: ElementType
    let shape: [Int]
    let base: UnsafeMutableRawPointer
    let isReadOnly: Bool

    var elementCount: Int { shape.reduce(1, *) }

    /// Whether a byte belongs to both; no byte does where one of them is empty.
    func overlaps(_ other: View) -> Bool {
      let start = UInt(bitPattern: base)
      let otherStart = UInt(bitPattern: other.base)
      let count = UInt(elementCount * elementType.byteCount)
      let otherCount = UInt(other.elementCount * other.elementType.byteCount)
      return start <= otherStart
        ? otherStart - start < count && otherCount > 0 : start - otherStart < otherCount && count > 0
    }

    /// A copy of the elements.
    func copy() -> Tensor {
      Tensor(elementType, shape) { bytes in
        bytes.copyMemory(from: UnsafeRawBufferPointer(start: base, count: bytes.count))
      }
    }
  }

  /// Checks the profile that lathe.h states. Throws a reason that names `what`.
  static func read(_ pointer: UnsafePointer<lathe_tensor>?, _ what: String) throws(CallFault) -> View {
    guard let tensor = pointer?.pointee else { throw .contract("\(what) is NULL") }
    // The fields after the version, the deleter and the context mean what they do in this major version only.
    guard tensor.dlpack_major == 1 else {
      throw .contract("\(what) is of DLPack \(tensor.dlpack_major).\(tensor.dlpack_minor), not 1")
    }
    guard let type = elementType(of: tensor.dtype) else {
      throw .contract(
        "\(what) has an unknown element type (code \(tensor.dtype.code), \(tensor.dtype.bits) bits)")
    }
    guard tensor.device_type == 1 else { throw .contract("\(what) is not in CPU memory") }
    guard (0...8).contains(tensor.ndim) else { throw .contract("\(what) has \(tensor.ndim) dimensions") }
    var shape: [Int] = []
    var count = type.byteCount
    for axis in 0..<Int(tensor.ndim) {
      guard let extents = tensor.shape, extents[axis] >= 0 else {
        throw .contract("\(what) has no valid shape")
      }
      shape.append(Int(extents[axis]))
      let (product, overflow) = count.multipliedReportingOverflow(by: shape[axis])
      guard !overflow else { throw .contract("\(what) has an impossible shape") }
      count = product
    }
    guard tensor.byte_offset == 0 else {
      throw .contract("\(what) has a byte_offset of \(tensor.byte_offset), not 0")
    }
    // Without elements no stride is used, and the product of the other extents may exceed 64 bits.
    if let strides = tensor.strides, count > 0 {
      var expected = 1
      for axis in shape.indices.reversed() where shape[axis] > 1 {
        guard strides[axis] == Int64(expected) else {
          throw .contract("\(what) is not row-major and compact")
        }
        expected *= shape[axis]
      }
    }
    guard let data = tensor.data ?? (count == 0 ? emptyBase : nil) else {
      throw .contract("\(what) has no data")
    }
    return View(
      elementType: type, shape: shape, base: data,
      isReadOnly: tensor.flags & UInt64(LATHE_TENSOR_READ_ONLY) != 0)
  }

  private static var emptyBase: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: 64) }

  static func dtype(of type: ElementType) -> lathe_dtype {
    let (code, bits): (Int, Int) =
      switch type {
      case .f64: (LATHE_FLOAT, 64)
      case .f32: (LATHE_FLOAT, 32)
      case .f16: (LATHE_FLOAT, 16)
      case .bf16: (LATHE_BFLOAT, 16)
      case .i64: (LATHE_INT, 64)
      case .i32: (LATHE_INT, 32)
      case .i16: (LATHE_INT, 16)
      case .i8: (LATHE_INT, 8)
      case .u64: (LATHE_UINT, 64)
      case .u32: (LATHE_UINT, 32)
      case .u16: (LATHE_UINT, 16)
      case .u8, .bool, .f8e4m3, .f8e5m2: (LATHE_UINT, 8)
      }
    return lathe_dtype(code: UInt8(code), bits: UInt8(bits), lanes: 1)
  }

  static func elementType(of dtype: lathe_dtype) -> ElementType? {
    guard dtype.lanes == 1 else { return nil }
    let real: [ElementType] = [.f64, .f32, .f16, .bf16, .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8]
    return real.first { type in
      let own = Self.dtype(of: type)
      return own.code == dtype.code && own.bits == dtype.bits
    }
  }

  private final class Box {
    let storage: Storage
    let shape: UnsafeMutablePointer<Int64>
    let strides: UnsafeMutablePointer<Int64>

    init(_ tensor: Tensor) {
      storage = tensor.storage
      let rank = tensor.shape.count
      shape = .allocate(capacity: max(rank, 1))
      strides = .allocate(capacity: max(rank, 1))
      var stride = 1
      for axis in (0..<rank).reversed() {
        shape[axis] = Int64(tensor.shape[axis])
        strides[axis] = Int64(stride)
        stride = stride.multipliedReportingOverflow(by: max(tensor.shape[axis], 1)).partialValue
      }
    }

    deinit {
      shape.deallocate()
      strides.deallocate()
    }
  }
}

/// Why a host function refuses a call; becomes the status and the message of the failure.
enum CallFault: Error {
  case contract(String)
  case invalid(String)
  case unsupported(String)
  case numerical(String)
  case noMemory(String)
  /// The disk refused; the user is told this and not what the plugin makes of it.
  case storage(TensorError)
  case cancelled

  var status: StrategyStatus {
    switch self {
    case .contract: .contract
    case .invalid: .invalid
    case .unsupported: .unsupported
    case .numerical: .numerical
    case .noMemory, .storage: .noMemory
    case .cancelled: .cancelled
    }
  }

  var message: String {
    switch self {
    case .contract(let text), .invalid(let text), .unsupported(let text), .numerical(let text),
      .noMemory(let text):
      text
    case .storage(let error): error.description
    case .cancelled: "interrupted"
    }
  }
}
