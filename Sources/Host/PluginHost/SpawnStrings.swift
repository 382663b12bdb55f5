import Foundation
import Glibc

/// What `posix_spawn` is given for a process that runs a plugin.
public enum SpawnStrings {
  /// The environment of this process with `changes`, as KEY=VALUE. A crash is reported by the parent and not by the
  /// Swift runtime, whose report would hide what malloc or an assertion said last.
  public static func environment(_ changes: [String: String] = [:]) -> [String] {
    var values = ProcessInfo.processInfo.environment.merging(changes) { $1 }
    values["SWIFT_BACKTRACE"] = "enable=no"
    return values.map { "\($0.key)=\($0.value)" }.sorted()
  }

  /// `strings` as C has lists of them, for as long as `body` runs.
  public static func withList<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
