import CLathe
import Synchronization

extension HostAccess where Self: ~Copyable {
  /// Runs `body(0)`, ..., `body(count - 1)` on the host's threads and returns when all are done.
  ///
  /// After an error no further index is started, and the error of the lowest index is thrown. Reductions must
  /// combine in index order, and the pieces must not depend on the number of threads. May be nested. A host
  /// without the parallel service runs the indices one after the other.
  public func forEach(
    _ count: Int, _ body: @Sendable (Int) throws(StrategyError) -> Void
  ) throws(StrategyError) {
    guard count > 0 else { return }
    guard call.offers(.parallel) else {
      for index in 0..<count {
        try checkCancellation()
        try body(index)
      }
      return
    }
    let run = try call.table(.parallel, lathe_host_parallel.self).function(\.for_each, "for_each")
    let outcome = withoutActuallyEscaping(body) { body in
      let work = ParallelWork(body)
      let status = run(
        call.host, UInt64(count), { work, index in ParallelWork.run(work, index) },
        Unmanaged.passUnretained(work).toOpaque())
      return withExtendedLifetime(work) { (status: status, failure: work.failure.withLock { $0 }) }
    }
    guard outcome.status != LATHE_OK else { return }
    if let failure = outcome.failure { throw failure.error }
    try call.check(outcome.status, "for_each")
  }
}

/// The closure of one `forEach` and the failure of its lowest index.
private final class ParallelWork: Sendable {
  let body: @Sendable (Int) throws(StrategyError) -> Void
  let failure = Mutex<(index: UInt64, error: StrategyError)?>(nil)

  init(_ body: @escaping @Sendable (Int) throws(StrategyError) -> Void) { self.body = body }

  static func run(_ context: UnsafeMutableRawPointer?, _ index: UInt64) -> lathe_status {
    guard let context else { return StrategyError.Code.contract.rawValue }
    let work = Unmanaged<ParallelWork>.fromOpaque(context).takeUnretainedValue()
    do throws(StrategyError) {
      try work.body(Int(index))
      return lathe_status(LATHE_OK)
    } catch {
      work.failure.withLock { first in
        if first.map({ index < $0.index }) ?? true { first = (index, error) }
      }
      return error.code.rawValue
    }
  }
}
