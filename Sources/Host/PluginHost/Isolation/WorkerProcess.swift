import CKernels
import Glibc
import Synchronization
import Tensors

/// A child process that runs a plugin, seen from its parent: one exchange at a time, watched while it lasts.
final class WorkerProcess: Sendable {
  /// The user wants to stop.
  struct Cancelled: Error {}

  let files: [OpenFile]
  let heartbeat: Heartbeat
  private let isolation: Isolation
  private let channel: MessageChannel
  private let output: WorkerOutput
  private let pid: pid_t
  private let isReaped = Mutex(false)

  /// Starts a worker that is given `weights` besides the files for tensors. What it prints goes to `log`.
  init(
    _ isolation: Isolation, weights: [OpenFile] = [], log: @escaping @Sendable (String) -> Void
  ) throws(WorkerLoss) {
    func memoryFile() throws(WorkerLoss) -> OpenFile {
      let descriptor = worker_memory_file()
      guard descriptor >= 0 else {
        throw WorkerLoss(
          description: "no memory can be shared with a worker process: \(String(cString: strerror(errno)))")
      }
      return OpenFile(adopting: descriptor)
    }
    let page = try memoryFile()
    ftruncate(page.descriptor, off_t(MemoryLayout<worker_page>.size))
    guard let heartbeat = Heartbeat(descriptor: page.descriptor) else {
      throw WorkerLoss(description: "no memory can be shared with a worker process")
    }
    let own = [try memoryFile(), try memoryFile(), try memoryFile()]
    files = own + weights
    // The worker reads what the parent wrote and cannot write it, not even through a mapping of its own.
    let given = files.enumerated().map { index, file in
      guard index != SharedFile.results else { return file }
      return (try? OpenFile(reading: "/proc/self/fd/\(file.descriptor)")) ?? file
    }
    let spawned = try Self.spawn(isolation.executable, page: page, files: given)
    self.isolation = isolation
    self.heartbeat = heartbeat
    pid = spawned.pid
    channel = MessageChannel(spawned.socket)
    output = WorkerOutput(spawned.output, log: log)
  }

  deinit {
    reap(within: 0)
    close(channel.descriptor)
  }

  /// Sends `message` and waits for its result. Questions and news on the way go to `serve`, whose answer is sent.
  func exchange(
    _ message: ParentMessage, store: ParentTensors?, isCancelled: () -> Bool,
    serve: (WorkerMessage) throws -> (ParentMessage, ParentTensors?)? = { _ in nil }
  ) throws -> WorkerMessage {
    do {
      try channel.send(message, store: store)
      var watch = SilenceWatch(limit: isolation.silenceLimit, heartbeat: heartbeat)
      var cancelledAt: ContinuousClock.Instant?
      while true {
        let isOpen = try wait()
        while let news = try channel.next(WorkerMessage.self, store: store) {
          watch.hear()
          if news.isResult { return news }
          if let (answer, store) = try serve(news) { try channel.send(answer, store: store) }
          // The parent's own work for the worker is no silence of the plugin.
          watch.hear()
        }
        guard isOpen else { throw MessageChannel.Fault.closed }
        if isCancelled() {
          heartbeat.cancel()
          let since = cancelledAt ?? .now
          cancelledAt = since
          if since.duration(to: .now) > Self.patienceAfterCancelling { throw Cancelled() }
        } else if watch.isOver {
          reap(within: 0)
          throw WorkerLoss(
            description: "the plugin neither called the host nor returned for "
              + "\(WorkerLoss.seconds(isolation.silenceLimit)) (--isolate-limit), so its worker process was ended"
          )
        }
      }
    } catch let fault as MessageChannel.Fault {
      let status = reap(within: 2)
      if isCancelled() { throw Cancelled() }
      if case .malformed(let reason) = fault {
        throw WorkerLoss(description: "its worker process sent a message that cannot be read (\(reason))")
      }
      throw WorkerLoss(status: status, crash: heartbeat.crash, memoryLimit: isolation.memoryLimit)
    } catch {
      reap(within: 0)
      throw error
    }
  }

  /// Lets the worker destroy its instance and end. How it ended where that was not well.
  func end() -> WorkerLoss? {
    guard !isReaped.withLock({ $0 }) else { return nil }
    guard (try? channel.send(ParentMessage.end)) != nil else { return nil }
    let status = reap(within: min(isolation.silenceLimit, 10))
    guard status == 0 else {
      return WorkerLoss(status: status, crash: heartbeat.crash, memoryLimit: isolation.memoryLimit)
    }
    return nil
  }

  /// Ends the worker whatever it is doing.
  func discard() { reap(within: 0) }

  private static let patienceAfterCancelling = Duration.seconds(2)

  /// Waits a moment for the worker to say something; false when it is gone.
  private func wait() throws -> Bool {
    var watched = [
      pollfd(fd: channel.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: output.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&watched, output.isOpen ? 2 : 1, 50)
    if watched[1].revents != 0 { output.drain() }
    guard watched[0].revents != 0 else { return true }
    return try channel.fill()
  }

  /// Waits for the process to end by itself for some seconds, then ends it. Its status, once it is gone; 0 when that
  /// was known before.
  @discardableResult private func reap(within seconds: Double) -> Int32 {
    isReaped.withLock { isReaped in
      guard !isReaped else { return 0 }
      isReaped = true
      var status: Int32 = 0
      let end = ContinuousClock.now + .seconds(seconds)
      while waitpid(pid, &status, WNOHANG) == 0 {
        output.drain()
        if ContinuousClock.now >= end {
          kill(pid, SIGKILL)
          while waitpid(pid, &status, 0) < 0, errno == EINTR {}
          break
        }
        usleep(1000)
      }
      output.drain()
      return status
    }
  }
}

extension WorkerMessage {
  /// Whether it ends an exchange.
  var isResult: Bool {
    switch self {
    case .loaded, .unusable, .created, .finished: true
    default: false
    }
  }
}
