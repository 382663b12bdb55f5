import Foundation

/// How strategies are run in processes of their own: by which program, and within which limits.
public struct Isolation: Sendable, Equatable {
  /// A program that calls `PluginWorker.run()` when its first argument is `PluginWorker.argument`, as `lathe` does.
  public var executable: String
  /// Seconds that a plugin may neither call the host nor finish a call.
  public var silenceLimit: Double
  /// The most private memory of the worker process in bytes; nil without a limit.
  public var memoryLimit: Int?

  /// What `silenceLimit` is unless the user says otherwise.
  public static let defaultSilenceLimit = 600.0

  public init(
    executable: String, silenceLimit: Double = Isolation.defaultSilenceLimit, memoryLimit: Int? = nil
  ) {
    self.executable = executable
    self.silenceLimit = silenceLimit
    self.memoryLimit = memoryLimit
  }

  /// Why a worker could not load a library. The loader does not say that it was refused memory, so the limit is named.
  func loading(failedFor reason: String) -> String {
    guard let memoryLimit, !reason.contains("--isolate-memory") else { return reason }
    return "\(reason); its process may have \(WorkerLoss.bytes(memoryLimit)) of memory (--isolate-memory)"
  }

  /// This program as the worker.
  public static var ownExecutable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }
}
