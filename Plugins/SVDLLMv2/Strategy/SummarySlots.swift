import Synchronization

/// Where parallel pieces leave their results, read in index order.
final class SummarySlots: Sendable {
  private let slots: Mutex<[LinearSummary?]>

  init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ summary: LinearSummary) { slots.withLock { $0[index] = summary } }

  var all: [LinearSummary] { slots.withLock { $0.compactMap { $0 } } }
}
