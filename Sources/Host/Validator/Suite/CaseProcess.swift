import Foundation
import PluginHost
import Synchronization

/// A case in a process of its own: this program again, with a hidden option.
struct CaseProcess: Sendable {
  let path: String
  let settings: RunSettings
  let limit: Double
  let tracePath: String?
  let isCancelled: @Sendable () -> Bool

  /// Runs `item` in a child; a crash, a hang and an exit become failures with a sentence.
  func run(_ item: ValidationCase) -> CaseResult {
    let start = ContinuousClock.now
    var words = [path, "--child", item.name] + settings.words
    if let tracePath { words += ["--trace", tracePath] }
    let ended = Self.spawn(words, limit: limit, isCancelled)
    let passed = (ContinuousClock.now - start).components
    let seconds = Double(passed.seconds) + Double(passed.attoseconds) * 1e-18
    let lines = ended.result.split(separator: "\n")
    if ended.status == 0, let line = lines.last,
      let result = CaseResult(item, line: String(line), seconds: seconds)
    {
      return result
    }
    let last = ended.output.split(separator: "\n").last.map { "; its last words: \($0)" } ?? ""
    return CaseResult(
      item, .fail, Self.sentence(ended, limit: limit) + last, seconds: seconds, endedProcess: true)
  }

  private static func sentence(_ ended: Ended, limit: Double) -> String {
    if ended.ranOut { return "the plugin had not come back after \(Int(limit)) s (--limit)" }
    if let signal = ended.signal {
      let names = [
        4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 5: "SIGTRAP",
      ]
      return "the plugin crashed: \(names[Int(signal)] ?? "signal \(signal)")"
    }
    return "the plugin ended the process with exit status \(ended.status)"
  }

  private struct Ended {
    var status: Int32 = 0
    var signal: Int32?
    var ranOut = false
    var result = ""
    var output = ""
  }

  /// The lines that a child wrote, however it ended.
  static func lines(
    _ words: [String], limit: Double, _ isCancelled: @escaping @Sendable () -> Bool
  ) -> [Substring] {
    spawn(words, limit: limit, isCancelled).result.split(separator: "\n")
  }

  /// What a child prints that runs to its end; nil where it does not.
  static func output(_ words: [String]) -> String? {
    let ended = spawn(words, limit: 45)
    return ended.status == 0 && ended.signal == nil && !ended.ranOut
      ? ended.result.trimmingCharacters(in: .whitespacesAndNewlines) : nil
  }

  /// Whether two processes that run the odd model first agree.
  static func isSteady(_ bench: StrategyBench) throws(CaseFault) -> Bool {
    let results = [try bench.freshDigest(.odd), try bench.freshDigest(.odd), try bench.freshDigest(.odd)]
    return Set(results).count == 1
  }

  /// The file descriptor on which a child writes its result.
  static let resultFile: Int32 = 3

  /// Starts this program with `plugins validate` and `words`, and waits at most `limit` seconds.
  private static func spawn(
    _ words: [String], limit: Double, _ isCancelled: @Sendable () -> Bool = { false }
  ) -> Ended {
    var ended = Ended(status: -1)
    guard let (results, outputs, child) = start(words) else { return ended }
    ended.ranOut = !ChildPipe.drain(results, outputs, limit: limit, isCancelled: isCancelled)
    if ended.ranOut { kill(-child, SIGKILL) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    kill(-child, SIGKILL)
    ended.result = String(decoding: results.bytes, as: UTF8.self)
    ended.output = String(decoding: outputs.bytes.suffix(4096), as: UTF8.self)
    let number = status & 0x7f
    ended.signal = number == 0 ? nil : number
    ended.status = status >> 8 & 0xff
    return ended
  }

  /// One start at a time: a pipe that is being made is not to be inherited by another child.
  private static let starting = Mutex(())

  private static func start(_ words: [String]) -> (results: ChildPipe, outputs: ChildPipe, child: pid_t)? {
    starting.withLock { _ in startAlone(words).map { Started($0) } }?.value
  }

  private struct Started: @unchecked Sendable {
    let value: (results: ChildPipe, outputs: ChildPipe, child: pid_t)
    init(_ value: (results: ChildPipe, outputs: ChildPipe, child: pid_t)) { self.value = value }
  }

  private static func startAlone(
    _ words: [String]
  ) -> (results: ChildPipe, outputs: ChildPipe, child: pid_t)? {
    guard let results = ChildPipe(), let outputs = ChildPipe() else { return nil }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, outputs.writing, 1)
    posix_spawn_file_actions_adddup2(&actions, outputs.writing, 2)
    posix_spawn_file_actions_adddup2(&actions, results.writing, resultFile)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own, so that what the plugin starts ends with it.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var child = pid_t()
    let status = SpawnStrings.withList(["lathe", "plugins", "validate"] + words) { arguments in
      SpawnStrings.withList(SpawnStrings.environment()) {
        posix_spawn(&child, "/proc/self/exe", &actions, &attributes, arguments, $0)
      }
    }
    guard status == 0 else { return nil }
    results.closeWriting()
    outputs.closeWriting()
    return (results, outputs, child)
  }
}
