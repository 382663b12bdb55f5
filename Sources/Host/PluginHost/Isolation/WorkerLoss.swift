import Glibc

/// How a worker process was lost, in words: what the plugin did.
struct WorkerLoss: Error, CustomStringConvertible {
  let description: String

  init(description: String) { self.description = description }

  /// From what waitpid says and what the worker's signal handler noted.
  init(
    status: Int32, crash: (signal: Int32, code: Int32, address: UInt64, wasRefusedMemory: Bool)?,
    memoryLimit: Int?
  ) {
    let signal = status & 0x7f
    guard signal != 0 else {
      description =
        "the plugin ended its worker process (exit status \(status >> 8 & 0xff)) instead of returning"
      return
    }
    let name = Self.names[signal].map { "SIG\($0)" } ?? "signal \(signal)"
    guard let crash, crash.signal == signal else {
      description =
        signal == SIGKILL
        ? "its worker process was killed (SIGKILL), by the system for want of memory or by somebody"
        : "its worker process was ended by \(name)"
      return
    }
    if crash.wasRefusedMemory {
      let limit =
        memoryLimit.map { "the \(Self.bytes($0)) that --isolate-memory allows" } ?? "what the system has"
      description = "the plugin wanted more memory than \(limit) and crashed (\(name)) when it was refused"
      return
    }
    switch (signal, crash.code) {
    case (SIGSEGV, 2):  // SEGV_ACCERR
      description =
        "the plugin wrote to memory that was only lent to it for reading, at \(Self.hex(crash.address)) (\(name))"
    case (SIGSEGV, _) where crash.code > 0, (SIGBUS, _) where crash.code > 0:
      description = "the plugin crashed (\(name)) at a read or write of address \(Self.hex(crash.address))"
    default: description = "the plugin crashed (\(name))"
    }
  }

  private static let names: [Int32: String] = [
    SIGSEGV: "SEGV", SIGBUS: "BUS", SIGILL: "ILL", SIGFPE: "FPE", SIGABRT: "ABRT", SIGTRAP: "TRAP",
    SIGSYS: "SYS", SIGTERM: "TERM", SIGKILL: "KILL", SIGXCPU: "XCPU", SIGHUP: "HUP", SIGPIPE: "PIPE",
  ]

  private static func hex(_ address: UInt64) -> String { "0x" + String(address, radix: 16) }

  /// A count of bytes in the largest unit that it is a whole number of.
  static func bytes(_ count: Int) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where count % (1 << shift) == 0 {
      return "\(count >> shift) \(unit)"
    }
    return "\(count) bytes"
  }

  /// A number of seconds in words.
  static func seconds(_ value: Double) -> String {
    let text = value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
    return value == 1 ? "1 second" : "\(text) seconds"
  }
}
