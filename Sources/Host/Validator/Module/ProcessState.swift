import Foundation

/// What a library that is loaded has no business to change.
struct ProcessState: Equatable {
  private let folder: String
  private let variables: [String: String]
  private let mask: mode_t
  private let handlers: [UInt]
  private let files: Set<String>
  private let threads: Int
  private let locale: String

  static var now: ProcessState { ProcessState() }

  private init() {
    folder = FileManager.default.currentDirectoryPath
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      variables[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
      entry += 1
    }
    self.variables = variables
    mask = umask(0)
    umask(mask)
    handlers = (1...31).map { number in
      var action = sigaction()
      sigaction(Int32(number), nil, &action)
      return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    // The folder that is being listed is open too, under a number that is free.
    files = Set(names.filter { fcntl(Int32($0) ?? -1, F_GETFD) >= 0 })
    threads = ThreadCount.now
    locale = setlocale(LC_ALL, nil).map { String(cString: $0) } ?? ""
  }

  /// What differs, in words; nil where nothing does.
  func difference(to other: ProcessState) -> String? {
    if folder != other.folder { return "the working folder became \(other.folder)" }
    for (name, value) in other.variables where variables[name] != value {
      return "the environment variable \(name) was set to \"\(value)\""
    }
    if let name = variables.keys.first(where: { other.variables[$0] == nil }) {
      return "the environment variable \(name) was removed"
    }
    if mask != other.mask { return "the umask was changed" }
    for (index, pair) in zip(handlers, other.handlers).enumerated() where pair.0 != pair.1 {
      return "the action of signal \(index + 1) was changed"
    }
    if let file = other.files.subtracting(files).first { return "file descriptor \(file) was left open" }
    if threads != other.threads { return "the process has \(other.threads) threads, it had \(threads)" }
    if locale != other.locale { return "the locale became \(other.locale)" }
    return nil
  }

  /// How many bytes `body` writes to standard output and standard error.
  static func outputOf(_ body: () -> Void) -> Int {
    let stream = tmpfile()
    defer { if let stream { fclose(stream) } }
    let file = stream.map { fileno($0) } ?? -1
    let saved = [dup(1), dup(2)]
    guard file >= 0, saved.allSatisfy({ $0 >= 0 }) else {
      body()
      return 0
    }
    fflush(nil)
    dup2(file, 1)
    dup2(file, 2)
    body()
    fflush(nil)
    let count = lseek(file, 0, SEEK_END)
    dup2(saved[0], 1)
    dup2(saved[1], 2)
    for descriptor in saved { close(descriptor) }
    return Int(count)
  }
}
