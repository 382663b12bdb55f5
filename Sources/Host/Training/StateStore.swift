import LinearAlgebra
import Tensors

/// A matrix `[rows, columns]` f32 for each of some windows; large ones lie in the scratch file.
///
/// Different windows may be written at the same time.
final class StateStore: @unchecked Sendable {
  private let storage: Storage
  private let rows: Int
  private let columns: Int

  /// Below this many bytes they stay in memory.
  static let memoryLimit = 64 << 20

  init(count: Int, rows: Int, columns: Int, scratch: ScratchFile) throws(TrainingError) {
    self.rows = rows
    self.columns = columns
    let (perWindow, overflow) = (rows * columns).multipliedReportingOverflow(by: MemoryLayout<Float>.size)
    let (bytes, second) = perWindow.multipliedReportingOverflow(by: max(count, 1))
    guard !overflow, !second else { throw .storage(.cannotWrite(path: "scratch space", reason: "too large")) }
    if bytes > Self.memoryLimit {
      do { storage = try scratch.allocate(byteCount: bytes) } catch { throw .storage(error) }
    } else {
      storage = Storage(byteCount: bytes)
    }
  }

  /// The states of one window; valid as long as the store.
  func window(_ index: Int) -> MutableMatrixView<Float> {
    let base = storage.base.assumingMemoryBound(to: Float.self)
    return MutableMatrixView(base + index * rows * columns, rows: rows, columns: columns)
  }

  /// Gives the memory of all windows back to the system where a file has them.
  func evict() { storage.evict(offset: 0, byteCount: storage.byteCount) }
}
