extension Tensor {
  /// Writes every element as `Float` to `target`, which has room for `elementCount`.
  ///
  /// f16 and bf16 convert exactly; f64 rounds to nearest.
  public func copyFloats(to target: UnsafeMutablePointer<Float>) throws(TensorError) {
    let count = elementCount
    // A tensor inside a file may lie at any byte, so loads are unaligned.
    let base = UnsafeRawPointer(storage.base + byteOffset)
    switch elementType {
    case .f32: UnsafeMutableRawPointer(target).copyMemory(from: base, byteCount: count * 4)
    case .f64:
      for i in 0..<count { target[i] = Float(base.loadUnaligned(fromByteOffset: i * 8, as: Double.self)) }
    case .f16:
      for i in 0..<count { target[i] = Float(base.loadUnaligned(fromByteOffset: i * 2, as: Float16.self)) }
    case .bf16:
      for i in 0..<count {
        target[i] = BFloat16.float(base.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self))
      }
    default: throw .notReal(elementType)
    }
  }

  /// All elements as an array of `Float`.
  public func floats() throws(TensorError) -> [Float] {
    guard elementType.isReal else { throw .notReal(elementType) }
    return Array(unsafeUninitializedCapacity: elementCount) { buffer, count in
      if let start = buffer.baseAddress { try? copyFloats(to: start) }
      count = elementCount
    }
  }

  /// The same values stored as `type`, rounded to nearest even. Returns self when nothing changes.
  public func converted(to type: ElementType) throws(TensorError) -> Tensor {
    guard type != elementType else { return self }
    guard type.isReal else { throw .notReal(type) }
    if elementType == .f64 || type == .f64 { return try convertedThroughDouble(to: type) }
    let values = try floats()
    return Tensor(type, shape) { bytes in
      switch type {
      case .f16:
        for (i, value) in values.enumerated() {
          bytes.storeBytes(of: Float16(value), toByteOffset: 2 * i, as: Float16.self)
        }
      case .bf16:
        for (i, value) in values.enumerated() {
          bytes.storeBytes(of: BFloat16.bits(value), toByteOffset: 2 * i, as: UInt16.self)
        }
      default: values.withUnsafeBytes { bytes.copyMemory(from: $0) }
      }
    }
  }

  /// Every element as `Double`; exact for all real element types.
  public func doubles() throws(TensorError) -> [Double] {
    if elementType == .f64 {
      return withBytes { bytes in
        (0..<elementCount).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
      }
    }
    return try floats().map(Double.init)
  }

  private func convertedThroughDouble(to type: ElementType) throws(TensorError) -> Tensor {
    let values = try doubles()
    return Tensor(type, shape) { bytes in
      for (i, value) in values.enumerated() {
        switch type {
        case .f64: bytes.storeBytes(of: value, toByteOffset: 8 * i, as: Double.self)
        case .f16: bytes.storeBytes(of: Float16(value), toByteOffset: 2 * i, as: Float16.self)
        case .bf16: bytes.storeBytes(of: BFloat16.bits(Float(value)), toByteOffset: 2 * i, as: UInt16.self)
        default: bytes.storeBytes(of: Float(value), toByteOffset: 4 * i, as: Float.self)
        }
      }
    }
  }
}
