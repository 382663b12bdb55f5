import CKernels
import Glibc
import LinearAlgebra
import Tensors

extension WorkerProcess {
  /// The descriptors a worker is started with, in this order from 3 on; the shared files follow.
  enum Inherited: Int32 {
    case socket = 3
    case page = 4
    case firstFile = 5
  }

  struct Spawned {
    let pid: pid_t
    /// The parent's ends.
    let socket: Int32
    let output: Int32
  }

  /// Starts `executable` with the descriptors of `page` and `files`. Its standard output and error come back
  /// through `output`; it shares no other descriptor with this process.
  static func spawn(_ executable: String, page: OpenFile, files: [OpenFile]) throws(WorkerLoss) -> Spawned {
    var sockets: [Int32] = [-1, -1]
    var pipes: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &sockets) == 0 else { throw failure("socketpair") }
    guard worker_pipe(&pipes) == 0 else {
      sockets.forEach { close($0) }
      throw failure("pipe")
    }
    defer {
      close(sockets[1])
      close(pipes[1])
    }
    let last = Inherited.firstFile.rawValue + Int32(files.count)
    // Above every number the worker uses, so that no copy lands on a descriptor that is still to be copied.
    let sources = ([sockets[1], page.descriptor] + files.map(\.descriptor)).map {
      fcntl($0, F_DUPFD_CLOEXEC, last)
    }
    defer { for source in sources where source >= 0 { close(source) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 2)
    for (index, source) in sources.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, source, Inherited.socket.rawValue + Int32(index))
    }
    worker_close_from(&actions, last)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // A group of its own, so that what the plugin starts can be ended with it.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    var pid: pid_t = 0
    // The same kernels as here give the same bytes.
    let environment = SpawnStrings.environment(["OPENBLAS_CORETYPE": BLASCore.running])
    let words = [executable, PluginWorker.argument, "\(files.count)"]
    let status = SpawnStrings.withList(words) { arguments in
      SpawnStrings.withList(environment) {
        posix_spawn(&pid, executable, &actions, &attributes, arguments, $0)
      }
    }
    guard status == 0 else {
      close(sockets[0])
      close(pipes[0])
      throw WorkerLoss(
        description:
          "the worker process \(executable) could not be started: \(String(cString: strerror(status)))")
    }
    _ = fcntl(pipes[0], F_SETFL, O_NONBLOCK)
    var patience = timeval(tv_sec: 0, tv_usec: 100_000)
    setsockopt(sockets[0], SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    return Spawned(pid: pid, socket: sockets[0], output: pipes[0])
  }

  private static func failure(_ call: String) -> WorkerLoss {
    WorkerLoss(description: "no worker process can be started (\(call)): \(String(cString: strerror(errno)))")
  }
}
