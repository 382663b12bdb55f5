import Foundation
import Synchronization

/// A command that ran to its end, with what it wrote.
public struct ChildProcess: Sendable {
  /// 128 + n where signal n ended it.
  public let status: Int32
  public let output: String
  public let errors: String

  /// Lines of standard error that carry the error itself.
  public var complaints: [String] {
    errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("lathe: ") }
  }

  /// Runs `path` and waits. `whileRunning` is called with the process once it has started.
  public static func run(
    _ path: String, _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
    whileRunning: (Process) -> Void = { _ in }
  ) throws -> ChildProcess {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    let collected = Collected()
    let readers = DispatchGroup()
    for (pipe, isError) in [(output, false), (errors, true)] {
      DispatchQueue.global().async(group: readers) {
        collected.set(pipe.fileHandleForReading.readDataToEndOfFile(), isError: isError)
      }
    }
    try process.run()
    whileRunning(process)
    process.waitUntilExit()
    readers.wait()
    let code = process.terminationStatus
    return ChildProcess(
      status: process.terminationReason == .uncaughtSignal ? 128 + code : code,
      output: collected.text(isError: false), errors: collected.text(isError: true))
  }

  private final class Collected: Sendable {
    private let data = Mutex<[Bool: Data]>([:])
    func set(_ value: Data, isError: Bool) { data.withLock { $0[isError] = value } }
    func text(isError: Bool) -> String {
      String(decoding: data.withLock { $0[isError] ?? Data() }, as: UTF8.self)
    }
  }
}
