import Glibc
import Synchronization

/// What a worker prints, as lines for the log.
final class WorkerOutput: Sendable {
  let descriptor: Int32
  private struct State {
    var rest: [UInt8] = []
    var lines = 0
    var isOpen = true
  }
  private let state = Mutex(State())
  private let log: @Sendable (String) -> Void
  /// A plugin that prints in a loop must not fill the disk.
  private static let mostLines = 1000
  private static let longestLine = 4096

  init(_ descriptor: Int32, log: @escaping @Sendable (String) -> Void) {
    self.descriptor = descriptor
    self.log = log
  }

  deinit { close(descriptor) }

  var isOpen: Bool { state.withLock { $0.isOpen } }

  /// Takes what has arrived; whole lines are logged.
  func drain() {
    let lines = state.withLock { state -> [String] in
      var buffer = [UInt8](repeating: 0, count: 1 << 14)
      // A bounded number of pieces, so that a flood does not keep the parent here.
      for _ in 0..<64 where state.isOpen {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { break }
        guard count > 0 else {
          state.isOpen = false
          break
        }
        state.rest += buffer[..<count]
      }
      var lines: [String] = []
      while let end = state.rest.firstIndex(of: 10) {
        lines.append(String(decoding: state.rest[..<min(end, Self.longestLine)], as: UTF8.self))
        state.rest.removeFirst(end + 1)
      }
      if !state.isOpen || state.rest.count > Self.longestLine, !state.rest.isEmpty {
        lines.append(String(decoding: state.rest.prefix(Self.longestLine), as: UTF8.self))
        state.rest = []
      }
      let before = state.lines
      state.lines += lines.count
      guard before < Self.mostLines else { return [] }
      if state.lines > Self.mostLines {
        return lines.prefix(Self.mostLines - before) + ["(further lines are dropped)"]
      }
      return lines
    }
    for line in lines { log(line) }
  }
}
