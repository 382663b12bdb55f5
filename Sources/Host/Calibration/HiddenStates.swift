import LinearAlgebra
import Runtime
import Tensors

/// The residual stream of every window, `[samples, T, D]` f32, between two blocks.
///
/// Large ones live in a scratch file, so that memory does not grow with the number of samples.
struct HiddenStates: Sendable {
  private let storage: Storage
  private let isOnDisk: Bool
  let rows: Int
  let columns: Int
  let count: Int

  /// Below this many bytes the states stay in memory.
  static let memoryLimit = 64 << 20

  /// The embeddings of all windows.
  init(
    _ windows: [[Int32]], embedding: EmbeddingTable, scratch: ScratchFile, workers: Workers
  ) throws(CalibrationError) {
    rows = windows.first?.count ?? 0
    columns = embedding.hiddenSize
    count = windows.count
    let bytes = count * rows * columns * MemoryLayout<Float>.size
    isOnDisk = bytes > Self.memoryLimit
    do { storage = isOnDisk ? try scratch.allocate(byteCount: bytes) : Storage(byteCount: bytes) } catch {
      throw .storage(error)
    }
    let states = self
    do throws(RuntimeError) {
      try workers.forEach(count: count) { (index) throws(RuntimeError) in
        states.store(try embedding.forward(windows[index]), at: index)
      }
    } catch {
      throw .runtime(error)
    }
  }

  /// A copy of window `index`, `[T, D]`.
  func window(_ index: Int) -> Matrix<Float> {
    Matrix(MatrixView(UnsafePointer(pointer(index)), rows: rows, columns: columns))
  }

  /// Overwrites window `index`. Different windows may be written at the same time.
  func store(_ matrix: Matrix<Float>, at index: Int) {
    matrix.withView { MutableMatrixView(pointer(index), rows: rows, columns: columns).copy(from: $0) }
  }

  /// Gives the memory of some windows back to the system.
  func evict(_ windows: Range<Int>) {
    guard isOnDisk else { return }
    let size = rows * columns * MemoryLayout<Float>.size
    storage.evict(offset: windows.lowerBound * size, byteCount: windows.count * size)
  }

  private func pointer(_ index: Int) -> UnsafeMutablePointer<Float> {
    storage.base.assumingMemoryBound(to: Float.self) + index * rows * columns
  }
}
