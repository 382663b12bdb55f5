import CLathe
import Foundation
import Synchronization

/// The plugin promises that its body may run on several threads.
struct ParallelWork: @unchecked Sendable {
  let body: (@convention(c) (UnsafeMutableRawPointer?, UInt64) -> lathe_status)?
  let context: UnsafeMutableRawPointer?
}

extension CheckedCall {
  /// Runs the bodies on the threads, or in the order, that the case asks for.
  func forEach(_ count: Int, _ work: ParallelWork) -> lathe_status {
    guard let body = work.body else { return lathe_status(LATHE_ERR_CONTRACT) }
    @Sendable func one(_ index: Int) -> lathe_status {
      if poll() { return lathe_status(LATHE_ERR_CANCELLED) }
      return host.insideParallel { body(work.context, UInt64(index)) }
    }
    if host.options.threads > 1 { return together(count, one) }
    for index in host.options.isReversed ? Array((0..<count).reversed()) : Array(0..<count) {
      let status = one(index)
      if status != 0 { return status }
    }
    return lathe_status(LATHE_OK)
  }

  /// Deals the indices out to threads that start together: bodies this small would else all run on the first one.
  /// No lock lies between two bodies, so that ThreadSanitizer sees what they share.
  private func together(
    _ count: Int, _ one: @escaping @Sendable (Int) -> lathe_status
  ) -> lathe_status {
    let lanes = min(host.options.threads, count)
    let team = Team(count: count)
    let done = DispatchSemaphore(value: 0)
    let work: @Sendable (Int) -> Void = { lane in
      team.arrived.wrappingAdd(1, ordering: .relaxed)
      for _ in 0..<1000 where team.arrived.load(ordering: .relaxed) < lanes { usleep(50) }
      for index in stride(from: lane, to: count, by: lanes) { team.run(index, one) }
    }
    for lane in 1..<max(lanes, 1) {
      let thread = Thread {
        work(lane)
        done.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    if lanes > 0 { work(0) }
    for _ in 1..<max(lanes, 1) { done.wait() }
    return team.first.withLock { $0?.status } ?? lathe_status(LATHE_OK)
  }
}

/// What the threads of one for_each share.
private final class Team: Sendable {
  let arrived = Atomic(0)
  /// The lowest index that failed.
  private let lowest: Atomic<Int>
  let first = Mutex<(index: Int, status: lathe_status)?>(nil)

  init(count: Int) { lowest = Atomic(count) }

  func run(_ index: Int, _ one: (Int) -> lathe_status) {
    guard index < lowest.load(ordering: .relaxed) else { return }
    let status = one(index)
    if status == 0 { return }
    first.withLock { found in
      if index < found?.index ?? .max { found = (index, status) }
      lowest.store(found?.index ?? index, ordering: .relaxed)
    }
  }
}
