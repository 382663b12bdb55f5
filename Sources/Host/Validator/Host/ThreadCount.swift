import Foundation
import Synchronization

/// How many threads the process has.
enum ThreadCount {
  private static let before = Mutex(Int.max)

  static var now: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0 }

  /// As many as there were when `settle` was called.
  static var expected: Int { before.withLock { $0 } }

  static func settle() {
    let count = now
    before.withLock { $0 = count }
  }
}
