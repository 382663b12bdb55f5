import CLathe

/// A reference-counted tensor of the host: deleted with the last reference when it is owned.
///
/// Not `Sendable`, so that nothing that holds one fits into what a strategy keeps between calls.
final class TensorBox {
  let tensor: UnsafeMutablePointer<lathe_tensor>
  private let isOwned: Bool

  init(_ tensor: UnsafeMutablePointer<lathe_tensor>, isOwned: Bool) {
    self.tensor = tensor
    self.isOwned = isOwned
  }

  /// A compact tensor over memory that lives at least as long as the box.
  init(over data: UnsafeMutableRawPointer, of type: ElementType, rows: Int, columns: Int, isReadOnly: Bool) {
    let extents = UnsafeMutablePointer<Int64>.allocate(capacity: 4)
    extents.initialize(to: Int64(rows))
    (extents + 1).initialize(to: Int64(columns))
    (extents + 2).initialize(to: Int64(columns))
    (extents + 3).initialize(to: 1)
    tensor = .allocate(capacity: 1)
    tensor.initialize(
      to: lathe_tensor(
        dlpack_major: 1, dlpack_minor: 1, manager_ctx: nil,
        deleter: { tensor in
          tensor?.pointee.shape.deallocate()
          tensor?.deallocate()
        },
        flags: isReadOnly ? UInt64(LATHE_TENSOR_READ_ONLY) : 0, data: data, device_type: 1, device_id: 0,
        ndim: 2, dtype: type.dtype, shape: extents, strides: extents + 2, byte_offset: 0))
    isOwned = true
  }

  convenience init(borrowed tensor: UnsafePointer<lathe_tensor>) {
    self.init(UnsafeMutablePointer(mutating: tensor), isOwned: false)
  }

  deinit {
    if isOwned { tensor.pointee.deleter?(tensor) }
  }

  var isReadOnly: Bool { tensor.pointee.flags & UInt64(LATHE_TENSOR_READ_ONLY) != 0 }

  var elementType: ElementType? { ElementType(tensor.pointee.dtype) }

  /// The first byte of the elements.
  var data: UnsafeMutableRawPointer? {
    guard let offset = Int(exactly: tensor.pointee.byte_offset) else { return nil }
    return tensor.pointee.data?.advanced(by: offset)
  }

  /// Extents, checked to be those of a compact row-major CPU tensor of one or two dimensions.
  func extents(from function: String) throws(StrategyError) -> (rows: Int, columns: Int) {
    let t = tensor.pointee
    guard t.device_type == 1 else { throw .brokenTensor("is not in CPU memory", from: function) }
    guard t.ndim == 1 || t.ndim == 2, let shape = t.shape else {
      throw .brokenTensor("has \(t.ndim) dimensions where 1 or 2 are expected", from: function)
    }
    let rows = shape[0]
    let columns = t.ndim == 2 ? shape[1] : 1
    guard rows >= 0, columns >= 0 else { throw .brokenTensor("has a negative extent", from: function) }
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard !overflow, count <= Int64.max / 16 else { throw .brokenTensor("is too large", from: function) }
    if let strides = t.strides, count > 0 {
      let rowStride = t.ndim == 2 ? columns : 1
      let rowsAreCompact = rows == 1 || strides[0] == rowStride
      guard rowsAreCompact, t.ndim == 1 || columns == 1 || strides[1] == 1 else {
        throw .brokenTensor("is not compact and row-major", from: function)
      }
    }
    guard count == 0 || data != nil else { throw .brokenTensor("has no data", from: function) }
    return (Int(rows), Int(columns))
  }
}
