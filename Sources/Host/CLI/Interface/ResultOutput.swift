import Glibc
import Synchronization

/// Where results go: standard output as this process was given it.
///
/// Descriptor 1 becomes a second name of standard error, so that what anything else in the process writes there, the
/// `printf` of a plugin for one, is seen and never becomes part of a result.
final class ResultOutput: Sendable {
  private let descriptor: Int32
  private let error = Mutex<Int32?>(nil)

  /// Takes standard output over: once in a process, and after its last `exec`, which closes what was taken.
  init() {
    // Above the numbers that parents give their children's pipes.
    descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10)
    guard dup2(STDERR_FILENO, STDOUT_FILENO) < 0 else { return }
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    dup2(nowhere, STDOUT_FILENO)
    if nowhere > STDERR_FILENO { close(nowhere) }
  }

  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Why something could not be written; nothing was after that.
  var failure: String? { error.withLock { $0 }.map { String(cString: strerror($0)) } }

  /// Writes all of `text` at once.
  func write(_ text: String) {
    error.withLock { error in
      guard error == nil else { return }
      var text = text
      error = text.withUTF8 { Self.write(UnsafeRawBufferPointer($0), to: descriptor) }
    }
  }

  /// Nil, or the number of the error.
  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&place, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }
}
