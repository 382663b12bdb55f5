import Glibc
import Synchronization

/// Which addresses are guarded, for the handler of SIGSEGV to say what was touched.
///
/// Global because a signal handler is given nothing else.
enum FaultRegions {
  struct Token: Sendable { fileprivate let id: Int }

  private struct Region: Sendable {
    let range: Range<UInt>
    let data: Range<UInt>
    var rule: String
    let label: String
    /// Since when it cannot be touched; nil while it can.
    var revoked: String?
  }

  private struct State: Sendable {
    var regions: [Int: Region] = [:]
    var next = 0
    /// Where the handler writes its result; -1 while it is not installed.
    var resultFile: Int32 = -1
    /// The rule of the case that is running.
    var rule = ""
    var call = ""
  }

  private static let state = Mutex(State())

  static func add(range: Range<UInt>, data: Range<UInt>, rule: String, label: String) -> Token {
    state.withLock { state in
      state.next += 1
      state.regions[state.next] = Region(range: range, data: data, rule: rule, label: label)
      return Token(id: state.next)
    }
  }

  static func revoke(_ token: Token, rule: String, since moment: String) {
    state.withLock { state in
      state.regions[token.id]?.rule = rule
      state.regions[token.id]?.revoked = moment
    }
  }

  static func remove(_ token: Token) { state.withLock { $0.regions[token.id] = nil } }

  /// The call in progress, for the message.
  static func enter(_ call: String) { state.withLock { $0.call = call } }

  /// From now on a touch of a guarded page ends the process with a result on `resultFile`.
  static func catchFaults(resultFile: Int32) {
    state.withLock { $0.resultFile = resultFile }
    var action = sigaction()
    action.sa_flags =
      SA_SIGINFO | Int32(bitPattern: UInt32(SA_NODEFER)) | Int32(bitPattern: UInt32(SA_RESETHAND))
    action.__sigaction_handler.sa_sigaction = { _, info, _ in
      FaultRegions.report(UInt(bitPattern: info?.pointee._sifields._sigfault.si_addr))
    }
    sigaction(SIGSEGV, &action, nil)
    sigaction(SIGBUS, &action, nil)
  }

  /// Runs in the handler. A synchronous fault of the plugin holds no lock of ours; otherwise the signal kills.
  private static func report(_ address: UInt) {
    let found = state.withLockIfAvailable { state -> (Region, Int32, String)? in
      state.regions.values.first { $0.range.contains(address) }.map { ($0, state.resultFile, state.call) }
    }
    // Unknown addresses: the default action is back in place, so the faulting instruction ends the process.
    guard case (let region, let file, let call)?? = found, file >= 0 else { return }
    let text = "\(call): \(describe(address, region))"
    let line = Line.failure(text)
    _ = line.withCString { Glibc.write(file, $0, strlen($0)) }
    _exit(0)
  }

  private static func describe(_ address: UInt, _ region: Region) -> String {
    if let moment = region.revoked { return "touched \(region.label) after \(moment)" }
    if region.data.contains(address) { return "wrote to \(region.label), which is read-only" }
    if address >= region.data.upperBound {
      return "touched memory \(address - region.data.upperBound) bytes past the end of \(region.label)"
    }
    return "touched memory \(region.data.lowerBound - address) bytes before \(region.label)"
  }

  /// The result line without the JSON writer, whose memory the handler should not need.
  private enum Line {
    static func failure(_ text: String) -> String {
      let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      return "{\"verdict\": \"fail\", \"text\": \"\(escaped)\"}\n"
    }
  }
}
