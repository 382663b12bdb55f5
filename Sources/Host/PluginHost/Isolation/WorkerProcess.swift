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

  /// Starts a worker that is given `weights` besides the files for tensors; `copies` holds copies of what lies in
  /// none of them, and is in memory unless it is given. What the worker prints goes to `log`.
  init(
    _ isolation: Isolation, weights: [OpenFile] = [], copies: OpenFile? = nil,
    log: @escaping @Sendable (String) -> Void
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
    // The parent maps this file alone; were it shorter than its mapping, reading it would end the parent.
    guard ftruncate(page.descriptor, off_t(MemoryLayout<worker_page>.size)) == 0,
      worker_seal_size(page.descriptor) == 0, let heartbeat = Heartbeat(descriptor: page.descriptor)
    else {
      throw WorkerLoss(description: "no memory can be shared with a worker process")
    }
    var own = [try memoryFile(), try memoryFile()]
    if let copies { own.append(copies) } else { own.append(try memoryFile()) }
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
      let isWorthWaiting = { [pid] in worker_has_ended(pid) == 0 && !isCancelled() }
      try send(message, store, isWorthWaiting)
      var watch = SilenceWatch(limit: isolation.silenceLimit, heartbeat: heartbeat)
      var cancelledAt: ContinuousClock.Instant?
      while true {
        let isOpen = try wait()
        while let news = try channel.next(WorkerMessage.self, store: store) {
          watch.hear()
          if news.isResult { return news }
          if let (answer, store) = try serve(news) { try send(answer, store, isWorthWaiting) }
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
      // A worker that is gone leaves its status in a moment; one that talks nonsense has nothing more to say.
      if case .malformed(let reason) = fault {
        reap(within: 0)
        if isCancelled() { throw Cancelled() }
        throw WorkerLoss(description: "its worker process sent a message that cannot be read (\(reason))")
      }
      let end = reap(within: 2)
      if isCancelled() { throw Cancelled() }
      throw loss(end) ?? WorkerLoss(status: 0, crash: nil, memoryLimit: nil)
    } catch {
      reap(within: 0)
      throw error
    }
  }

  /// Lets the worker destroy its instance and end. How it ended where that was not well.
  func end(isCancelled: () -> Bool) -> WorkerLoss? {
    guard !isReaped.withLock({ $0 }) else { return nil }
    let limit = min(isolation.silenceLimit, 10)
    let deadline = ContinuousClock.now + .seconds(limit)
    var isDone = false
    do {
      let isWorthWaiting = { [pid] in
        worker_has_ended(pid) == 0 && !isCancelled() && ContinuousClock.now < deadline
      }
      try send(.end, nil, isWorthWaiting)
      while !isDone, !isCancelled(), ContinuousClock.now < deadline {
        let isOpen = try wait()
        while let news = try channel.next(WorkerMessage.self) {
          if case .ended = news { isDone = true }
        }
        guard isOpen else { break }
      }
    } catch {}
    let left = ContinuousClock.now.duration(to: deadline) / .seconds(1)
    let end = reap(within: isCancelled() ? Self.patienceInDestroy : max(left, 0), isCancelled: isCancelled)
    if isCancelled() { return nil }
    if end?.wasKilled == true {
      return WorkerLoss(
        description:
          "the plugin kept its worker process from ending for \(WorkerLoss.seconds(limit)), so it was ended")
    }
    return isDone && end?.status == 0 ? nil : loss(end)
  }

  /// Ends the worker whatever it is doing.
  func discard() { reap(within: 0) }

  private static let patienceAfterCancelling = Duration.seconds(2)
  /// Seconds that are left for destroy when the user wants to stop.
  private static let patienceInDestroy = 0.3

  /// Half a minute is enough for a worker to take a message whatever it does.
  private func send(
    _ message: ParentMessage, _ store: ParentTensors?, _ isWorthWaiting: () -> Bool
  ) throws {
    let start = ContinuousClock.now
    try channel.send(message, store: store) {
      isWorthWaiting() && start.duration(to: .now) < .seconds(30)
    }
  }

  /// Why a process that should have gone on is gone.
  private func loss(_ end: End?) -> WorkerLoss? {
    guard let end else { return nil }
    guard !end.wasKilled else {
      return WorkerLoss(
        description: "the plugin cut the connection of its worker process to Lathe, so the process was ended")
    }
    return WorkerLoss(status: end.status, crash: heartbeat.crash, memoryLimit: isolation.memoryLimit)
  }

  /// Waits a moment for the worker to say something; false when it is gone.
  private func wait() throws -> Bool {
    var watched = [
      pollfd(fd: channel.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: output.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    // A process that the plugin started may hold the socket open. What was sent before the end is still read.
    let hasEnded = worker_has_ended(pid) != 0
    _ = poll(&watched, output.isOpen ? 2 : 1, hasEnded ? 0 : 50)
    if watched[1].revents != 0 { output.drain() }
    guard watched[0].revents != 0 else { return !hasEnded }
    return try channel.fill()
  }

  /// How the process ended: what waitpid says, and whether this process did it.
  private struct End {
    var status: Int32 = 0
    var wasKilled = false
  }

  /// Waits for the process to end by itself for some seconds, then ends it, and in any case what it started. Nil when
  /// it was gone before.
  @discardableResult private func reap(
    within seconds: Double, isCancelled: () -> Bool = { false }
  ) -> End? {
    isReaped.withLock { isReaped in
      guard !isReaped else { return nil }
      isReaped = true
      var end = End()
      var deadline = ContinuousClock.now + .seconds(seconds)
      while worker_has_ended(pid) == 0 {
        output.drain()
        if isCancelled() { deadline = min(deadline, .now + .seconds(Self.patienceInDestroy)) }
        if ContinuousClock.now >= deadline {
          end.wasKilled = true
          kill(pid, SIGKILL)
          break
        }
        usleep(1000)
      }
      // Before the process is waited for: nobody else can have its number yet.
      kill(-pid, SIGKILL)
      while waitpid(pid, &end.status, 0) < 0, errno == EINTR {}
      // It may have ended by itself in the last moment.
      end.wasKilled = end.wasKilled && end.status & 0x7f == SIGKILL
      output.drain()
      return end
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
