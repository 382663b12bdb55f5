import LinearAlgebra
import Runtime
import Synchronization

/// What one thread works with: temporary matrices, and a trace for blocks whose traces are not kept.
final class Lane: @unchecked Sendable {
  let workspace = GradientWorkspace()
  let trace = BlockTrace()
  private var spare = Matrix<Float>(rows: 0, columns: 0)

  /// Lends a matrix of unknown values.
  func withSpare<Failure: Error>(
    rows: Int, columns: Int, _ body: (MutableMatrixView<Float>) throws(Failure) -> Void
  ) throws(Failure) {
    if spare.rows != rows || spare.columns != columns {
      spare = Matrix(uninitialisedRows: rows, columns: columns)
    }
    try spare.withMutableView(body)
  }
}

/// Lanes that go from thread to thread; there are never more than pieces that run at once.
final class Lanes: Sendable {
  private let free = Mutex<[Lane]>([])

  func with<Result, Failure: Error>(
    _ body: (Lane) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let lane = free.withLock { $0.popLast() } ?? Lane()
    defer { free.withLock { $0.append(lane) } }
    return try body(lane)
  }
}
