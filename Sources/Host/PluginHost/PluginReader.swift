import Foundation

/// Makes a file a library: checks that it may be loaded, and loads it here or in a worker.
struct PluginReader: Sendable {
  let trust: TrustPolicy
  let isolation: Isolation?
  /// The folders of the libraries that come with the program.
  let ownFolders: [String]

  func library(_ path: String) throws(PluginHostError) -> PluginLibrary {
    let file = try PluginFile(path)
    let isOwn = isOwn(path)
    if !isOwn { try trust.check(file) }
    if let isolation, !isOwn {
      return PluginLibrary(path: path, try Self.facts(of: path, hash: file.hash, isolation))
    }
    return try PluginLibrary(file, expecting: trust.isInForce ? file.hash : nil)
  }

  private func isOwn(_ path: String) -> Bool {
    let folder = URL(filePath: path).resolvingSymlinksInPath().deletingLastPathComponent().path
    return ownFolders.contains { URL(filePath: $0).resolvingSymlinksInPath().path == folder }
  }

  /// Has a worker load the library and tell what is in it.
  private static func facts(
    of path: String, hash: String, _ isolation: Isolation
  ) throws(PluginHostError) -> LibraryFacts {
    do {
      let process = try WorkerProcess(isolation) { _ in }
      let answer = try process.exchange(
        .load(
          ParentMessage.Load(
            path: path, hash: hash, threads: 1, memoryLimit: isolation.memoryLimit, scratch: nil)),
        store: nil, isCancelled: { false })
      switch answer {
      case .loaded(let facts) where facts.hash == hash && !facts.strategies.isEmpty:
        _ = process.end()
        return facts
      case .unusable(let reason): throw WorkerLoss(description: reason)
      default: throw WorkerLoss(description: "its worker process answered something else than it was asked")
      }
    } catch {
      throw .unusable(path: path, reason: isolation.loading(failedFor: "\(error)"))
    }
  }
}
