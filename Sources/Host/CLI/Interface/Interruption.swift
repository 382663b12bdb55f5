import Glibc
import Synchronization

/// Ctrl-C and SIGTERM ask once; the second one ends the process at once. Who still waits after a second is told why.
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
        alarm(1)
      }
    }
    // A line that is open on a terminal gives way.
    if isatty(STDERR_FILENO) == 1 {
      signal(SIGALRM) { _ in Interruption.explain("\r\u{1b}[K") }
    } else {
      signal(SIGALRM) { _ in Interruption.explain("") }
    }
    sigaddset(&asked, SIGALRM)
    sigprocmask(SIG_UNBLOCK, &asked, nil)
    // A reader that goes away (`lathe inspect | head`) is no failure worth a message.
    signal(SIGPIPE, SIG_DFL)
    // A write beyond a file size limit becomes an error of the write and not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Says why nothing has happened yet. In a signal handler: constants and `write`, nothing else.
  private static func explain(_ start: StaticString) {
    let text: StaticString =
      "interrupted; waiting for the plugin, or the step at hand, to return; a second interrupt stops at once\n"
    let before = errno
    _ = write(STDERR_FILENO, start.utf8Start, start.utf8CodeUnitCount)
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    errno = before
  }
}
