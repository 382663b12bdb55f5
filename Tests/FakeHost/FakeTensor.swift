import CLathe

/// Tensors of the tests' own; each counts in its host as long as it lives.
enum FakeTensor {
  /// A zeroed tensor whose deleter frees everything.
  static func make(_ type: lathe_dtype, _ shape: [Int], _ alive: Locked<Int>)
    -> UnsafeMutablePointer<lathe_tensor>
  {
    let tensor = UnsafeMutablePointer<lathe_tensor>.allocate(capacity: 1)
    let extents = UnsafeMutablePointer<Int64>.allocate(capacity: max(1, shape.count))
    let strides = UnsafeMutablePointer<Int64>.allocate(capacity: max(1, shape.count))
    var stride = 1
    for axis in shape.indices.reversed() {
      (extents + axis).initialize(to: Int64(shape[axis]))
      (strides + axis).initialize(to: Int64(stride))
      stride *= shape[axis]
    }
    let bytes = max(1, stride * Int(type.bits) / 8)
    let data = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    data.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    tensor.initialize(
      to: lathe_tensor(
        dlpack_major: 1, dlpack_minor: 1, manager_ctx: Unmanaged.passRetained(alive).toOpaque(),
        deleter: { tensor in
          guard let tensor else { return }
          tensor.pointee.data.deallocate()
          tensor.pointee.shape.deallocate()
          tensor.pointee.strides.deallocate()
          let alive = Unmanaged<Locked<Int>>.fromOpaque(tensor.pointee.manager_ctx).takeRetainedValue()
          alive.withLock { $0 -= 1 }
          tensor.deallocate()
        },
        flags: 0, data: data, device_type: 1, device_id: 0, ndim: Int32(shape.count), dtype: type,
        shape: extents, strides: strides, byte_offset: 0))
    alive.withLock { $0 += 1 }
    return tensor
  }

  static func make(_ type: lathe_dtype, _ shape: [Int], _ values: [Double], _ alive: Locked<Int>)
    -> UnsafeMutablePointer<lathe_tensor>
  {
    let tensor = make(type, shape, alive)
    write(values, to: tensor)
    return tensor
  }

  static func count(_ tensor: UnsafePointer<lathe_tensor>) -> Int {
    (0..<Int(tensor.pointee.ndim)).reduce(1) { $0 * Int(tensor.pointee.shape[$1]) }
  }

  /// All elements as float64.
  static func read(_ tensor: UnsafePointer<lathe_tensor>) -> [Double] {
    let (type, data) = (tensor.pointee.dtype, UnsafeRawPointer(tensor.pointee.data))
    guard let data else { return [] }
    return (0..<count(tensor)).map { i in
      switch (Int(type.code), type.bits) {
      case (LATHE_FLOAT, 64): data.load(fromByteOffset: 8 * i, as: Double.self)
      case (LATHE_FLOAT, 32): Double(data.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
      case (LATHE_FLOAT, 16): Double(data.load(fromByteOffset: 2 * i, as: Float16.self))
      case (LATHE_BFLOAT, 16):
        Double(Float(bitPattern: UInt32(data.load(fromByteOffset: 2 * i, as: UInt16.self)) << 16))
      case (LATHE_INT, 32): Double(data.load(fromByteOffset: 4 * i, as: Int32.self))
      default: Double(data.load(fromByteOffset: i, as: UInt8.self))
      }
    }
  }

  static func write(_ values: [Double], to tensor: UnsafePointer<lathe_tensor>) {
    let type = tensor.pointee.dtype
    guard let data = tensor.pointee.data else { return }
    for (i, value) in values.enumerated() {
      switch (Int(type.code), type.bits) {
      case (LATHE_FLOAT, 64): data.storeBytes(of: value, toByteOffset: 8 * i, as: Double.self)
      case (LATHE_FLOAT, 32): data.storeBytes(of: Float(value), toByteOffset: 4 * i, as: Float.self)
      case (LATHE_FLOAT, 16): data.storeBytes(of: Float16(value), toByteOffset: 2 * i, as: Float16.self)
      case (LATHE_BFLOAT, 16):
        let bits = UInt16(truncatingIfNeeded: Float(value).bitPattern >> 16)
        data.storeBytes(of: bits, toByteOffset: 2 * i, as: UInt16.self)
      case (LATHE_INT, 32): data.storeBytes(of: Int32(value), toByteOffset: 4 * i, as: Int32.self)
      default: data.storeBytes(of: UInt8(value), toByteOffset: i, as: UInt8.self)
      }
    }
  }
}
