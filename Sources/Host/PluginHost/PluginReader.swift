import Foundation

/// Makes a file a library: checks that it may be loaded, and loads it here or in a worker.
struct PluginReader: Sendable {
  let trust: TrustPolicy
  let isolation: Isolation?
  /// The folders of the libraries that come with the program.
  let ownFolders: [String]
  let isCancelled: @Sendable () -> Bool

  func library(_ path: String) throws(PluginHostError) -> PluginLibrary {
    try library(PluginFile(path))
  }

  func library(_ file: PluginFile) throws(PluginHostError) -> PluginLibrary {
    let path = file.path
    let isOwn = isOwn(file)
    if !isOwn { try trust.check(file) }
    if let isolation, !isOwn {
      return PluginLibrary(path: path, try facts(of: path, hash: file.hash, isolation))
    }
    return try PluginLibrary(file, expecting: trust.isInForce || isolation != nil ? file.hash : nil)
  }

  /// Whether the file that was opened lies in a folder of the program, wherever the links of its path lead by now.
  private func isOwn(_ file: PluginFile) -> Bool {
    guard let place = file.place else { return false }
    let folder = URL(filePath: place).deletingLastPathComponent().path
    return ownFolders.contains { URL(filePath: $0).resolvingSymlinksInPath().path == folder }
  }

  /// Has a worker load the library and tell what is in it.
  private func facts(
    of path: String, hash: String, _ isolation: Isolation
  ) throws(PluginHostError) -> LibraryFacts {
    do {
      let process = try WorkerProcess(isolation) { _ in }
      let answer = try process.exchange(
        .load(
          ParentMessage.Load(
            path: path, hash: hash, threads: 1, memoryLimit: isolation.memoryLimit, scratch: nil)),
        store: nil, isCancelled: isCancelled)
      switch answer {
      case .loaded(let facts) where facts.hash == hash && !facts.strategies.isEmpty:
        _ = process.end(isCancelled: isCancelled)
        return facts
      case .unusable(let reason): throw WorkerLoss(description: reason)
      default: throw WorkerLoss(description: "its worker process answered something else than it was asked")
      }
    } catch is WorkerProcess.Cancelled {
      throw .cancelled
    } catch {
      throw .unusable(path: path, reason: isolation.loading(failedFor: "\(error)"))
    }
  }
}
