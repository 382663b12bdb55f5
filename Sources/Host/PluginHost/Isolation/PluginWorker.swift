import CKernels
import Foundation
import Glibc
import LinearAlgebra
import Tensors

/// The main function of a worker process.
public enum PluginWorker {
  /// The first argument of a program that is started as a worker; the second is the number of shared files.
  public static let argument = "plugin-worker"

  /// Whether this process was started as a worker.
  public static var isWanted: Bool { CommandLine.arguments.dropFirst().first == argument }

  /// Serves the parent until it has had enough. The result is the process's exit status.
  public static func run() -> Int32 {
    let arguments = CommandLine.arguments
    let inherited = WorkerProcess.Inherited.self
    guard arguments.count == 3, let count = Int32(arguments[2]), (3...4096).contains(count),
      fcntl(inherited.socket.rawValue, F_GETFD) >= 0,
      let heartbeat = Heartbeat(descriptor: inherited.page.rawValue)
    else {
      FileHandle.standardError.write(Data("lathe: \(argument) is started by Lathe itself\n".utf8))
      return 2
    }
    heartbeat.watchCrashes()
    guard worker_end_with(inherited.socket.rawValue) == 0 else { return 1 }
    let files = (0..<count).map { OpenFile(adopting: inherited.firstFile.rawValue + $0) }
    let session = WorkerSession(
      MessageChannel(inherited.socket.rawValue), heartbeat: heartbeat, tensors: WorkerTensors(files))
    do {
      try session.serve()
      return 0
    } catch {
      FileHandle.standardError.write(Data("worker process: \(error)\n".utf8))
      return 1
    }
  }
}
