import Foundation
import ModelIO
import Synchronization

/// Calls across the boundary in the form that trace viewers read (Chrome's "trace event format").
final class TraceLog: Sendable {
  private let events = Mutex<[JSON]>([])
  private let start = ContinuousClock.now

  /// Microseconds since the log began.
  var now: Double {
    let passed = (ContinuousClock.now - start).components
    return Double(passed.seconds) * 1e6 + Double(passed.attoseconds) * 1e-12
  }

  /// `category` is "plugin" for calls of the plugin and "host" for calls of the host.
  func add(_ name: String, _ category: String, since began: Double, status: Int32?) {
    let event: JSON = [
      "name": .string(name), "cat": .string(category), "ph": .string("X"), "ts": .number(began),
      "dur": .number(now - began), "pid": .integer(1),
      "tid": .integer(Int(bitPattern: UInt(pthread_self())) >> 12 & 0xffff),
      "args": status.map { ["status": .integer(Int($0))] } ?? [:],
    ]
    events.withLock { $0.append(event) }
  }

  /// Writes what was collected; a trace that cannot be written is no reason to fail a case.
  func write(to path: String) {
    let text = JSON.array(events.withLock { $0 }).text(indent: nil)
    try? Data(text.utf8).write(to: URL(filePath: path))
  }
}
