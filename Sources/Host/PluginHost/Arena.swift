import CLathe
import Glibc
import Synchronization
import Tensors

/// Memory lent to a plugin for one call. Freed when the last reference to the arena goes.
final class Arena: @unchecked Sendable {
  private struct Block: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }
  private struct Lent: @unchecked Sendable {
    let tensor: UnsafeMutablePointer<lathe_tensor>
  }

  private let blocks = Mutex<[Block]>([])
  private let lent = Mutex<[Lent]>([])

  /// A constant copy of a C table.
  func hold<Value: BitwiseCopyable>(_ value: Value) -> UnsafePointer<Value> {
    let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    pointer.initialize(to: value)
    blocks.withLock { $0.append(Block(pointer: pointer)) }
    return UnsafePointer(pointer)
  }

  /// A constant copy of an array.
  func hold<Value: BitwiseCopyable>(array: [Value]) -> UnsafePointer<Value> {
    let pointer = UnsafeMutablePointer<Value>.allocate(capacity: max(array.count, 1))
    pointer.initialize(from: array, count: array.count)
    blocks.withLock { $0.append(Block(pointer: pointer)) }
    return UnsafePointer(pointer)
  }

  /// A NUL-terminated copy of `text`.
  func hold(text: String) -> UnsafePointer<CChar> { hold(array: Array(text.utf8CString)) }

  /// A read-only view of `tensor`.
  func borrow(_ tensor: Tensor) -> UnsafeMutablePointer<lathe_tensor> {
    let pointer = ForeignTensor.make(tensor, readOnly: true)
    lent.withLock { $0.append(Lent(tensor: pointer)) }
    return pointer
  }

  /// `byteCount` bytes aligned to 64, or nil when there is not enough memory.
  func scratch(byteCount: UInt64) -> UnsafeMutableRawPointer? {
    guard byteCount <= UInt64(Int.max / 2) else { return nil }
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, 64, max(Int(byteCount), 64)) == 0, let pointer else { return nil }
    blocks.withLock { $0.append(Block(pointer: pointer)) }
    return pointer
  }

  deinit {
    // Swift's allocator is malloc for the small alignments used here, so one free serves both kinds.
    for block in blocks.withLock({ $0 }) { free(block.pointer) }
    for item in lent.withLock({ $0 }) { ForeignTensor.destroy(item.tensor) }
  }
}
