/// A dense, row-major, little-endian array of elements. An immutable value: it may be shared freely.
public struct Tensor: Sendable {
  public let elementType: ElementType
  /// Extents, slowest first. A scalar has none.
  public let shape: [Int]
  public let storage: Storage
  public let byteOffset: Int

  public var elementCount: Int { shape.reduce(1, *) }
  public var byteCount: Int { elementCount * elementType.byteCount }

  /// A view of storage that is already filled. `byteOffset + byteCount` must lie inside it.
  public init(_ elementType: ElementType, _ shape: [Int], storage: Storage, byteOffset: Int = 0) {
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
    precondition(byteOffset + byteCount <= storage.byteCount, "tensor exceeds its storage")
  }

  /// A new tensor whose zeroed bytes `fill` writes.
  public init<Failure: Error>(
    _ elementType: ElementType, _ shape: [Int],
    fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let count = shape.reduce(elementType.byteCount, *)
    let storage = Storage(byteCount: count, zeroed: true)
    try fill(UnsafeMutableRawBufferPointer(start: storage.base, count: count))
    self.init(elementType, shape, storage: storage)
  }

  /// Float32 elements from an array in row-major order.
  public init(_ shape: [Int], _ values: [Float]) {
    precondition(values.count == shape.reduce(1, *), "value count does not fit the shape")
    self.init(.f32, shape) { bytes in values.withUnsafeBytes { bytes.copyMemory(from: $0) } }
  }

  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
  }

  /// The elements as `Element`, whose size must be that of the element type.
  public func withElements<Element: BitwiseCopyable, Result, Failure: Error>(
    as type: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(MemoryLayout<Element>.size == elementType.byteCount, "element size mismatch")
    let start = (storage.base + byteOffset).assumingMemoryBound(to: Element.self)
    return try body(UnsafeBufferPointer(start: start, count: elementCount))
  }

  /// Gives the pages of a file-backed tensor back to the system; others are left alone.
  public func evict() { storage.evict(offset: byteOffset, byteCount: byteCount) }
}
