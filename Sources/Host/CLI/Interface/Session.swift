import Foundation
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost
import Synchronization

/// What every command shares: where output goes, interruption, threads.
///
/// Standard output carries the result, standard error progress, warnings and the error.
final class Session: Sendable {
  let isJSON: Bool
  let workers: Workers
  let display: ProgressDisplay
  private let output: ResultOutput

  init(_ arguments: Arguments, _ output: ResultOutput) throws(UsageError) {
    self.output = output
    isJSON = arguments.has("json")
    let available = ProcessInfo.processInfo.activeProcessorCount
    workers = Workers(threads: try arguments.integer("threads", 1...4096) ?? available)
    display = ProgressDisplay()
  }

  var isCancelled: @Sendable () -> Bool { { Interruption.wasRequested } }

  /// Prints the result. Names and texts of plugins, files and models are in it.
  func print(_ text: String) { put(text.printable(keepsLines: true) + "\n") }

  /// Prints part of a text that is the result itself, as it is: only a terminal is spared what would steer it.
  func write(_ text: String) { put(output.isTerminal ? text.printable(keepsLines: true) : text) }

  /// Prints the result as JSON, one document.
  func print(_ json: JSON) { put(json.text() + "\n") }

  private func put(_ text: String) {
    display.clear()
    output.write(text)
  }

  /// A line for the person who watches.
  func note(_ text: String) { display.message(text) }

  /// Messages of plugins: debug ones are dropped, and what comes after very many.
  var log: @Sendable (LogLevel, String) -> Void {
    let told = Mutex(0)
    return { [display] level, text in
      guard level >= .info else { return }
      let count = told.withLock { told in
        told += 1
        return told
      }
      if count == Self.mostMessages { display.message("(further messages of plugins are dropped)") }
      guard count < Self.mostMessages else { return }
      display.message(level == .info ? text : "\(level): \(text)")
    }
  }
  private static let mostMessages = 10_000
}
