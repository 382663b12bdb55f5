import Foundation
import ModelIO
import Synchronization

/// Validates one library: which cases, how they run, and what they gave.
public struct Validation: Sendable {
  public var path: String
  public var settings = RunSettings()
  /// Seconds that a case may take.
  public var limit = 45.0
  public var cases: [ValidationCase] = ValidationCase.all
  /// In this process: a crash ends it, and a debugger sees it.
  public var isInProcess = false
  public var jobs = 1
  /// Where to write the calls across the boundary; nil for nowhere.
  public var tracePath: String?
  /// Whether the user has asked to stop.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(path: String) { self.path = path }

  /// Runs the cases; `report` is told each result as it comes, in no promised order. An interruption leaves out what
  /// had no result by then.
  public func run(_ report: @escaping @Sendable (CaseResult) -> Void = { _ in }) -> [CaseResult] {
    let results = Mutex<[Int: CaseResult]>([:])
    let add: @Sendable (Int, CaseResult) -> Void = { index, result in
      if isCancelled() { return }
      results.withLock { $0[index] = result }
      report(result)
    }
    // First whether there is anything to say: of what ends the process in any run, each case would say so again.
    let whole = cases.firstIndex { $0.name == LifecycleCases.wholeRun }
    if let whole { add(whole, one(cases[whole], whole)) }
    let endsProcess = whole.flatMap { index in results.withLock { $0[index]?.endedProcess } } ?? false
    let work: @Sendable (Int) -> Void = { index in
      if index == whole || isCancelled() { return }
      if endsProcess, case .strategy = cases[index].subject {
        let reason = "a run ends the process; see \(LifecycleCases.wholeRun)"
        return add(index, CaseResult(cases[index], .skip, reason))
      }
      add(index, one(cases[index], index))
    }
    if jobs > 1, !isInProcess {
      let next = Mutex(0)
      DispatchQueue.concurrentPerform(iterations: min(jobs, cases.count)) { _ in
        while true {
          let index = next.withLock { next in
            defer { next += 1 }
            return next
          }
          guard index < cases.count else { return }
          work(index)
        }
      }
    } else {
      for index in cases.indices { work(index) }
    }
    if let tracePath { mergeTraces(into: tracePath) }
    let found = results.withLock { $0 }
    return cases.indices.compactMap { found[$0] }
  }

  private func one(_ item: ValidationCase, _ index: Int) -> CaseResult {
    let part = tracePath.map { "\($0).\(index)" }
    if isInProcess { return CaseRunner(path: path, settings: settings, tracePath: part).run(item) }
    return CaseProcess(
      path: path, settings: settings, limit: limit, tracePath: part, isCancelled: isCancelled
    ).run(item)
  }

  /// One trace of all cases, each as a process of its own with the case's name.
  private func mergeTraces(into path: String) {
    var all: [JSON] = []
    for (index, item) in cases.enumerated() {
      let part = "\(path).\(index)"
      guard let data = FileManager.default.contents(atPath: part) else { continue }
      try? FileManager.default.removeItem(atPath: part)
      all.append([
        "name": "process_name", "ph": "M", "pid": .integer(index + 1), "args": ["name": .string(item.name)],
      ])
      for event in (try? JSON(parsing: String(decoding: data, as: UTF8.self)))?.arrayValue ?? [] {
        guard case .object(var members) = event else { continue }
        members["pid"] = .integer(index + 1)
        all.append(.object(members))
      }
    }
    let text = JSON.object(["traceEvents": .array(all)]).text(indent: nil)
    try? Data(text.utf8).write(to: URL(filePath: path))
  }

  /// In a child: runs one case and writes its result where the parent reads it.
  public static func runChild(
    _ item: ValidationCase, path: String, settings: RunSettings, tracePath: String?
  ) {
    FaultRegions.catchFaults(resultFile: CaseProcess.resultFile)
    let result = CaseRunner(path: path, settings: settings, tracePath: tracePath).run(item)
    let line = result.line + "\n"
    _ = line.withCString { write(CaseProcess.resultFile, $0, strlen($0)) }
    // Without the handlers of exit: the plugin may have registered some, and they are no part of a case.
    _exit(0)
  }

  /// In a child: writes the digest of one run.
  public static func runDigest(_ kind: String, path: String, strategy: String, settings: RunSettings) {
    guard let kind = TinyModel.Kind(rawValue: kind) else { _exit(2) }
    do throws(CaseFault) {
      let bench = FileBench(path: path, settings: settings)
      guard let found = try bench.module().strategies().first(where: { $0.id == strategy }) else { _exit(2) }
      let digest = try StrategyBench(strategy: found, file: bench).complete(kind).digest + "\n"
      _ = digest.withCString { write(CaseProcess.resultFile, $0, strlen($0)) }
      _exit(0)
    } catch {
      _exit(1)
    }
  }
}
