import Glibc
import Synchronization

/// Ctrl-C and SIGTERM ask once; the second one ends the process at once.
enum Interruption {
  private static let requested = Atomic(false)

  static var wasRequested: Bool { requested.load(ordering: .relaxed) }

  static func install() {
    // A process inherits blocked signals, from a parent that starts it on a dispatch queue for one.
    var asked = sigset_t()
    sigemptyset(&asked)
    for signalNumber in [SIGINT, SIGTERM] {
      sigaddset(&asked, signalNumber)
      signal(signalNumber) { number in
        if Interruption.requested.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
    sigprocmask(SIG_UNBLOCK, &asked, nil)
    // A reader that goes away (`lathe inspect | head`) is no failure worth a message.
    signal(SIGPIPE, SIG_DFL)
    // A write beyond a file size limit becomes an error of the write and not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
  }
}
