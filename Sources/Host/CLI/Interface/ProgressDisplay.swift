import Foundation
import ModelIO
import Pipeline
import Synchronization

/// Progress on standard error: one line that is rewritten on a terminal, plain lines elsewhere.
final class ProgressDisplay: Sendable {
  private struct State {
    var activity = ""
    var start = ContinuousClock.now
    var lastLine = ContinuousClock.now - .seconds(60)
    var isLineOpen = false
  }
  private let state = Mutex(State())
  private let isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1

  /// Where the pipeline reports to.
  var sink: ProgressSink {
    ProgressSink({ [self] in step($0, $1, of: $2) }, hear: { [self] in say($0) })
  }

  /// What a strategy says, in place of the line that is open; on a pipe at most every five seconds.
  private func say(_ text: String) {
    let text = text.printable()
    state.withLock { state in
      let now = ContinuousClock.now
      guard isTerminal || now - state.lastLine > .seconds(5) else { return }
      state.lastLine = now
      write(isTerminal ? "\r\u{1b}[K" + text : text + "\n")
      state.isLineOpen = isTerminal
    }
  }

  func step(_ activity: String, _ done: Int, of total: Int) {
    state.withLock { state in
      let now = ContinuousClock.now
      if state.activity != activity {
        state.activity = activity
        state.start = now
        state.lastLine = now - .seconds(60)
      }
      let isLast = done >= total
      // A pipe gets a line at most every five seconds and one at the end.
      guard isTerminal || isLast || now - state.lastLine > .seconds(5) else { return }
      state.lastLine = now
      let text = Self.line(activity, done, total, elapsed: now - state.start).printable()
      if isTerminal {
        write("\r\u{1b}[K" + text + (isLast ? "\n" : ""))
        state.isLineOpen = !isLast
      } else {
        write(text + "\n")
      }
    }
  }

  /// A line of its own.
  func message(_ text: String) {
    let text = text.printable(keepsLines: true)
    state.withLock { state in
      write((state.isLineOpen ? "\r\u{1b}[K" : "") + text + "\n")
      state.isLineOpen = false
    }
  }

  /// Ends an open line.
  func clear() {
    state.withLock { state in
      if state.isLineOpen { write("\r\u{1b}[K") }
      state.isLineOpen = false
    }
  }

  /// Nobody is left to hear that it failed.
  private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  private static func line(_ activity: String, _ done: Int, _ total: Int, elapsed: Duration) -> String {
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    let percent = total > 0 ? 100 * done / total : 100
    var text = "\(activity)  \(done)/\(total)  \(percent) %"
    if done >= total {
      text += "  in \(duration(seconds))"
    } else if done > 0 {
      text += "  \(duration(seconds / Double(done) * Double(total - done))) left"
    }
    return text
  }

  /// Seconds as a person writes them.
  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<10: String(format: "%.1f s", seconds)
    case ..<120: String(format: "%.0f s", seconds)
    case ..<7200: String(format: "%.0f min", seconds / 60)
    default: String(format: "%.1f h", seconds / 3600)
    }
  }
}
