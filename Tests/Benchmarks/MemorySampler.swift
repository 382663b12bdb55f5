import Foundation
import Glibc
import Synchronization

/// The largest memory of this process by activity, sampled a few hundred times a second.
final class MemorySampler: Sendable {
  /// Bytes that belong to no file, and all that are resident.
  struct Usage: Sendable {
    var anonymous = 0
    var resident = 0
  }

  private struct State {
    var activity = "start"
    var order: [String] = []
    var peaks: [String: Usage] = [:]
    var isRunning = true
  }

  private let state = Mutex(State())

  init() {
    Thread.detachNewThread { [weak self] in
      while let self, self.state.withLock({ $0.isRunning }) {
        self.sample()
        usleep(3000)
      }
    }
  }

  /// Names what runs from now on.
  func enter(_ activity: String) {
    sample()
    state.withLock { $0.activity = activity }
  }

  func stop() { state.withLock { $0.isRunning = false } }

  /// The peak of every activity, in the order in which they came.
  var peaks: [(activity: String, usage: Usage)] {
    state.withLock { state in state.order.map { ($0, state.peaks[$0] ?? Usage()) } }
  }

  /// The largest resident size that the system has seen.
  static var largestResident: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  private func sample() {
    let now = Self.current()
    state.withLock { state in
      if state.peaks[state.activity] == nil { state.order.append(state.activity) }
      let before = state.peaks[state.activity] ?? Usage()
      state.peaks[state.activity] = Usage(
        anonymous: max(before.anonymous, now.anonymous), resident: max(before.resident, now.resident))
    }
  }

  private static func current() -> Usage {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
      return Usage()
    }
    func kilobytes(_ name: String) -> Int {
      guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return 0 }
      return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
    }
    return Usage(anonymous: 1024 * kilobytes("RssAnon:"), resident: 1024 * kilobytes("VmRSS:"))
  }
}
