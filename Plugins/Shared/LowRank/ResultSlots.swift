import Synchronization

/// Where parallel pieces leave their results, read in index order.
package final class ResultSlots<Result: Sendable>: Sendable {
  private let slots: Mutex<[Result?]>

  package init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

  package func set(_ index: Int, _ result: Result) { slots.withLock { $0[index] = result } }

  package var all: [Result] { slots.withLock { $0.compactMap { $0 } } }
}
