import CLathe
import Synchronization
import Tensors

/// A tensor of the checking host, owned by the plugin or lent to it. Its memory stays until the host goes.
final class HostTensor: @unchecked Sendable {
  let isOwned: Bool
  let label: String
  private unowned(unsafe) let host: CheckedHost
  private let data: GuardedMemory
  private let pointerMemory: UnsafeMutablePointer<lathe_tensor>
  private let extents: UnsafeMutablePointer<Int64>
  private let count = Mutex(0)

  var pointer: UnsafeMutablePointer<lathe_tensor> { pointerMemory }
  var base: UnsafeMutableRawPointer { data.base }
  var deletions: Int { count.withLock { $0 } }

  /// A zeroed tensor that the plugin is to delete.
  init(owned dtype: lathe_dtype, _ shape: [Int64], host: CheckedHost, label: String) {
    isOwned = true
    self.host = host
    self.label = label
    let bytes = shape.reduce(Int64(dtype.bits / 8), *)
    let style: GuardedMemory.Style =
      host.options.guardsNewMemory ? .aligned : host.options.revokesDeleted ? .pages : .tolerant
    data = GuardedMemory(Int(bytes), style: style, rule: "writes-in-bounds", label: label)
    pointerMemory = .allocate(capacity: 1)
    extents = .allocate(capacity: max(2 * shape.count, 1))
    var table = lathe_tensor()
    table.flags = 0
    table.deleter = { tensor in HostTensor.of(tensor)?.wasDeleted() }
    fill(&table, dtype, shape, data: data.base, extents: extents)
    table.manager_ctx = Unmanaged.passUnretained(self).toOpaque()
    pointerMemory.initialize(to: table)
    host.state.withLock { $0.tensors.append(self) }
  }

  deinit {
    pointerMemory.deallocate()
    extents.deallocate()
  }

  private static func of(_ tensor: UnsafeMutablePointer<lathe_tensor>?) -> HostTensor? {
    tensor?.pointee.manager_ctx.map { Unmanaged<HostTensor>.fromOpaque($0).takeUnretainedValue() }
  }

  private func wasDeleted() {
    let times = count.withLock { count in
      count += 1
      return count
    }
    if times > 1 { host.note("deletes-tensors-once", "deleter of \(label)", "it was called \(times) times") }
    if !data.isIntact {
      host.note("writes-in-bounds", "deleter of \(label)", "bytes just outside its data were written")
    }
    if host.options.revokesDeleted { data.revoke(rule: "deleted-not-used", since: "its deleter had run") }
  }

  /// Whether the bytes between the data and the guard pages are untouched.
  var isIntact: Bool { data.isIntact }
}

/// Sets all fields of `table` but flags, deleter and manager.
func fill(
  _ table: inout lathe_tensor, _ dtype: lathe_dtype, _ shape: [Int64], data: UnsafeMutableRawPointer,
  extents: UnsafeMutablePointer<Int64>
) {
  table.dlpack_major = 1
  table.dlpack_minor = 1
  table.data = data
  table.device_type = 1
  table.ndim = Int32(shape.count)
  table.dtype = dtype
  var stride: Int64 = 1
  for axis in shape.indices.reversed() {
    extents[axis] = shape[axis]
    extents[shape.count + axis] = stride
    stride *= max(shape[axis], 1)
  }
  table.shape = extents
  table.strides = shape.isEmpty ? nil : extents + shape.count
}

extension CheckedCall {
  /// A read-only tensor with `values`, lent until the call returns.
  func lend(
    tensor values: [Double], _ type: ElementType, _ shape: [Int], _ label: String
  ) -> UnsafeMutablePointer<lathe_tensor> {
    let bytes = TensorBytes.bytes(of: values, as: type)
    return lend(bytes: bytes, TensorBytes.dtype(of: type), shape.map(Int64.init), label)
  }

  func lend(
    bytes: [UInt8], _ dtype: lathe_dtype, _ shape: [Int64], _ label: String
  ) -> UnsafeMutablePointer<lathe_tensor> {
    let data = lend(bytes.count, label) { base in
      bytes.withUnsafeBytes {
        if let source = $0.baseAddress { base.copyMemory(from: source, byteCount: $0.count) }
      }
    }
    let extents = lend(
      [Int64](repeating: 0, count: max(2 * shape.count, 1)), "the shape of \(label)", of: shape)
    var table = lathe_tensor()
    fill(&table, dtype, shape, data: data, extents: extents.copy)
    table.shape = extents.lent
    table.strides = shape.isEmpty ? nil : extents.lent + shape.count
    table.flags = UInt64(LATHE_TENSOR_READ_ONLY)
    table.manager_ctx = Unmanaged.passUnretained(self).toOpaque()
    table.deleter = { tensor in
      guard let context = tensor?.pointee.manager_ctx else { return }
      let call = Unmanaged<CheckedCall>.fromOpaque(context).takeUnretainedValue()
      call.note("deletes-tensors-once", "deleter", "a borrowed tensor was deleted")
    }
    extents.copy.deallocate()
    return lend([table], "the table of \(label)")
  }

  private func lend(
    _ room: [Int64], _ label: String, of shape: [Int64]
  ) -> (lent: UnsafeMutablePointer<Int64>, copy: UnsafeMutablePointer<Int64>) {
    var unused = lathe_tensor()
    let copy = UnsafeMutablePointer<Int64>.allocate(capacity: room.count)
    copy.initialize(repeating: 0, count: room.count)
    fill(&unused, lathe_dtype(), shape, data: UnsafeMutableRawPointer(copy), extents: copy)
    return (lend(Array(UnsafeBufferPointer(start: copy, count: room.count)), label), copy)
  }
}
