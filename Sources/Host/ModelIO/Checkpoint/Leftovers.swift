import Glibc

/// The hidden neighbours of a folder that is being replaced: new ones not yet finished, old ones moved aside.
struct Leftovers {
  let parent: String
  let name: String

  /// Where this process fills a new folder.
  var partialPath: String { "\(parent)/\(partialPrefix)\(getpid())" }

  /// Where this process moves an old folder.
  var asidePath: String { "\(parent)/\(asidePrefix)\(getpid())" }

  private var partialPrefix: String { ".\(name).partial-" }
  private var asidePrefix: String { ".\(name).replaced-" }

  /// Removes what processes that ended left behind.
  ///
  /// A process that ended between moving the old folder aside and the new one in left the place empty: the old
  /// folder returns to it.
  func clear() {
    let names = FilePath.names(inFolder: parent) ?? []
    for entry in names where isAbandoned(entry, prefix: asidePrefix) {
      if FilePath.exists("\(parent)/\(name)") {
        FilePath.remove("\(parent)/\(entry)")
      } else {
        rename("\(parent)/\(entry)", "\(parent)/\(name)")
      }
    }
    for entry in names where isAbandoned(entry, prefix: partialPrefix) {
      FilePath.remove("\(parent)/\(entry)")
    }
  }

  /// Whether `entry` is a folder of this kind whose process does not live. The number of this very process can be
  /// that of an earlier one, so its folders count too unless they are locked.
  private func isAbandoned(_ entry: String, prefix: String) -> Bool {
    guard entry.hasPrefix(prefix), let process = pid_t(entry.dropFirst(prefix.count)), process > 0 else {
      return false
    }
    if process != getpid(), kill(process, 0) == 0 || errno == EPERM { return false }
    let path = "\(parent)/\(entry)"
    guard FilePath.isRealFolder(path) else { return false }
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }
}
