import COpenBLAS
import Dispatch
import Synchronization

/// How many threads may share the pieces of one operation.
///
/// Parallelism lies above BLAS: work is cut into pieces whose borders depend on shapes alone, each piece runs
/// single-threaded BLAS, and pieces write to separate places. So the number of threads changes no byte.
public struct Workers: Sendable {
  /// The most threads that work at once, at least 1.
  public let threads: Int

  /// The calling thread alone.
  public static let serial = Workers(threads: 1)

  /// Workers for `threads` threads; also keeps OpenBLAS from starting its own.
  public init(threads: Int) {
    self.threads = max(threads, 1)
    openblas_set_num_threads(1)
  }

  /// Calls `body` once with each of 0 ..< `count`, in no promised order, and returns when all are done.
  ///
  /// When calls throw, the error of the lowest index is thrown; indices above it may not have run.
  /// A body may use `forEach` itself.
  public func forEach<Failure: Error>(
    count: Int, _ body: @Sendable (Int) throws(Failure) -> Void
  ) throws(Failure) {
    let lanes = min(threads, count)
    guard lanes > 1 else {
      var index = 0
      while index < count {
        try body(index)
        index += 1
      }
      return
    }
    let next = Atomic(0)
    let failed = Atomic(false)
    let first = Mutex<(index: Int, error: Failure)?>(nil)
    // The counter hands indices out in order, so every index below a failed one has been taken and will finish.
    DispatchQueue.concurrentPerform(iterations: lanes) { _ in
      while !failed.load(ordering: .relaxed) {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        do throws(Failure) {
          try body(index)
        } catch {
          first.withLock { if index < $0?.index ?? count { $0 = (index, error) } }
          failed.store(true, ordering: .relaxed)
        }
      }
    }
    if let error = first.withLock({ $0?.error }) { throw error }
  }
}
