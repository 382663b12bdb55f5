import Glibc

/// A folder that appears whole or not at all: it is filled under a hidden name beside its place, then renamed.
///
/// Whatever happens before `commit`, what was at the path before stays untouched; a crash leaves at most the hidden
/// folder, which the next start for the same path removes.
public final class AtomicFolder {
  /// Where the folder will be.
  public let finalPath: String
  /// The folder to fill.
  public let path: String
  private let replaceExisting: Bool
  private let subfolders: Set<String>
  private let parent: String
  private let name: String
  /// Holds the lock that says the process lives; the system drops it when the process ends.
  private let descriptor: Int32
  private var isFinished = false

  /// - Parameters:
  ///   - replaceExisting: whether a folder at the path may be replaced. Only a folder of plain files is.
  ///   - subfolders: names of folders of plain files that the folder may hold as well.
  public init(
    _ finalPath: String, replaceExisting: Bool, subfolders: Set<String> = []
  ) throws(ModelIOError) {
    let finalPath = try Self.resolved(finalPath)
    (parent, name) = FilePath.split(finalPath)
    self.finalPath = finalPath
    self.replaceExisting = replaceExisting
    self.subfolders = subfolders
    guard FilePath.isFileName(name) else { throw .output(path: finalPath, .badName) }
    guard FilePath.isFolder(parent) else { throw .output(path: finalPath, .noParent) }
    guard access(parent, W_OK | X_OK) == 0 else {
      throw .output(path: finalPath, .notWritable(reason: FilePath.reason(errno)))
    }
    let leftovers = Leftovers(parent: parent, name: name)
    leftovers.clear()
    if FilePath.exists(finalPath) {
      guard replaceExisting else { throw .output(path: finalPath, .exists) }
      try Self.checkReplaceable(finalPath, subfolders)
    }
    path = leftovers.partialPath
    descriptor = try Self.create(path, for: finalPath)
  }

  deinit { discard() }

  /// Brings everything to the disk and moves the folder to its place.
  ///
  /// A folder that is replaced is first moved aside, then removed: one of both is complete at any time.
  public func commit() throws(ModelIOError) {
    guard !isFinished else { return }
    for folder in subfolders.sorted().map({ "\(path)/\($0)" }) + [path] where FilePath.isRealFolder(folder) {
      for file in FilePath.names(inFolder: folder) ?? [] {
        guard FilePath.synchronise("\(folder)/\(file)") else { throw notWritable() }
      }
      guard FilePath.synchronise(folder) else { throw notWritable() }
    }
    let aside = Leftovers(parent: parent, name: name).asidePath
    let replaces = FilePath.exists(finalPath)
    if replaces {
      guard replaceExisting else { throw .output(path: finalPath, .exists) }
      try Self.checkReplaceable(finalPath, subfolders)
      guard rename(finalPath, aside) == 0 else { throw notWritable() }
    }
    guard rename(path, finalPath) == 0 else {
      let error = notWritable()
      if replaces { rename(aside, finalPath) }
      throw error
    }
    isFinished = true
    close(descriptor)
    _ = FilePath.synchronise(parent)
    if replaces { FilePath.remove(aside) }
  }

  /// Removes the hidden folder. Nothing happens after `commit`.
  public func discard() {
    guard !isFinished else { return }
    isFinished = true
    FilePath.remove(path)
    close(descriptor)
  }

  private func notWritable() -> ModelIOError {
    .output(path: finalPath, .notWritable(reason: FilePath.reason(errno)))
  }

  /// The path a link leads to; any other path as it is.
  private static func resolved(_ path: String) throws(ModelIOError) -> String {
    guard FilePath.exists(path), !FilePath.isRealFolder(path), FilePath.isFolder(path) else { return path }
    guard let target = realpath(path, nil) else {
      throw .output(path: path, .notWritable(reason: FilePath.reason(errno)))
    }
    defer { free(target) }
    return String(cString: target)
  }

  private static func checkReplaceable(_ path: String, _ subfolders: Set<String>) throws(ModelIOError) {
    guard FilePath.isRealFolder(path) else { throw .output(path: path, .notAFolder) }
    for name in FilePath.names(inFolder: path) ?? [] where FilePath.isRealFolder("\(path)/\(name)") {
      guard subfolders.contains(name) else { throw .output(path: path, .holdsFolder(name: name)) }
      try checkReplaceable("\(path)/\(name)", [])
    }
  }

  /// Makes the hidden folder and takes its lock.
  private static func create(_ path: String, for finalPath: String) throws(ModelIOError) -> Int32 {
    guard mkdir(path, 0o755) == 0 else {
      guard errno != EEXIST else { throw .output(path: finalPath, .busy(partial: path)) }
      throw .output(path: finalPath, .notWritable(reason: FilePath.reason(errno)))
    }
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let reason = FilePath.reason(errno)
      rmdir(path)
      throw .output(path: finalPath, .notWritable(reason: reason))
    }
    // Where folders cannot be locked, only the process number tells whether their writer lives.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    return descriptor
  }
}
