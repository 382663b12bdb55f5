import Foundation

/// A pipe from a child, read to its end.
final class ChildPipe {
  private var reading: Int32 = -1
  private(set) var writing: Int32 = -1
  private(set) var bytes: [UInt8] = []

  init?() {
    var ends: [Int32] = [0, 0]
    // Above the numbers that the child gives its own pipes, and not inherited by other children.
    guard pipe(&ends) == 0 else { return nil }
    reading = fcntl(ends[0], F_DUPFD_CLOEXEC, 10)
    writing = fcntl(ends[1], F_DUPFD_CLOEXEC, 10)
    close(ends[0])
    close(ends[1])
    guard reading >= 0, writing >= 0 else { return nil }
  }

  func closeWriting() {
    close(writing)
    writing = -1
  }

  deinit {
    if reading >= 0 { close(reading) }
    if writing >= 0 { close(writing) }
  }

  /// Reads both until the child closes them; false where `limit` seconds pass first, or the user interrupts.
  static func drain(
    _ first: ChildPipe, _ second: ChildPipe, limit: Double, isCancelled: () -> Bool
  ) -> Bool {
    let deadline = ContinuousClock.now + .seconds(limit)
    while true {
      let open = [first, second].filter { $0.reading >= 0 }
      if open.isEmpty { return true }
      var polls = open.map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
      let left = (deadline - ContinuousClock.now).components
      let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
      if milliseconds <= 0 || isCancelled() { return false }
      let ready = poll(&polls, nfds_t(polls.count), Int32(min(milliseconds, 200)))
      if ready < 0, errno != EINTR { return true }
      for (pipe, answer) in zip(open, polls) where answer.revents != 0 { pipe.readSome() }
    }
  }

  private func readSome() {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = read(reading, &buffer, buffer.count)
    if count > 0 {
      // A child that writes without end does not fill the memory.
      bytes = Array((bytes + buffer[..<count]).suffix(1 << 20))
    } else if count == 0 || errno != EINTR {
      close(reading)
      reading = -1
    }
  }
}
