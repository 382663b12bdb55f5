import Tensors

/// A tensor of a safetensors file without its numbers.
public struct SafetensorsEntry: Sendable, Equatable {
  public let name: String
  public let elementType: ElementType
  public let shape: [Int]

  public init(name: String, elementType: ElementType, shape: [Int]) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
  }

  /// Bytes of the data, or nil when they are more than a file can hold or an extent is negative.
  ///
  /// Extents of zero count as one for the limit, so that no partial product of a shape can overflow either.
  public var checkedByteCount: Int? {
    var limit = elementType.byteCount
    var isEmpty = false
    for extent in shape {
      guard extent >= 0 else { return nil }
      if extent == 0 { isEmpty = true }
      let (product, overflow) = limit.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else { return nil }
      limit = product
    }
    return isEmpty ? 0 : limit
  }

  /// The order in files: wide elements first, so that each tensor is aligned to its elements; then by name, byte
  /// by byte.
  static func precedes(_ left: SafetensorsEntry, _ right: SafetensorsEntry) -> Bool {
    let sizes = (left.elementType.byteCount, right.elementType.byteCount)
    if sizes.0 != sizes.1 { return sizes.0 > sizes.1 }
    return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
  }
}
