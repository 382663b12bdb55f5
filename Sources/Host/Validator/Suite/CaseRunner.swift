/// Runs cases on one library, in this process.
public struct CaseRunner: Sendable {
  let bench: FileBench

  public init(path: String, seed: UInt64, given: [String: String] = [:], tracePath: String? = nil) {
    bench = FileBench(path: path, seed: seed, trace: tracePath.map { _ in TraceLog() }, given: given)
    self.tracePath = tracePath
  }

  private let tracePath: String?

  /// Runs `item`; what it finds wrong is in the result.
  public func run(_ item: ValidationCase) -> CaseResult {
    let clock = ContinuousClock()
    let start = clock.now
    let (verdict, text) = outcome(item)
    if let tracePath { bench.trace?.write(to: tracePath) }
    let duration = clock.now - start
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    return CaseResult(item, verdict, text, seconds: seconds)
  }

  private func outcome(_ item: ValidationCase) -> (Verdict, String) {
    let broken: Verdict = item.isAdvice ? .warn : .fail
    do throws(CaseFault) {
      switch item.subject {
      case .file(let body): try body(bench)
      case .module(let body):
        let module = try bench.module()
        try body(module, bench)
      case .strategy(let body): return try eachStrategy(of: bench.module(), broken, body)
      }
      return (.pass, "")
    } catch {
      return verdict(error, broken)
    }
  }

  /// The worst verdict over the strategies; a skip only where all of them skip.
  private func eachStrategy(
    of module: ModuleUnderTest, _ broken: Verdict, _ body: (StrategyBench) throws(CaseFault) -> Void
  ) throws(CaseFault) -> (Verdict, String) {
    let strategies = try module.strategies()
    var skipped: [String] = []
    for strategy in strategies {
      do throws(CaseFault) {
        try strategy.checkUsable()
        try body(StrategyBench(strategy: strategy, file: bench))
      } catch {
        let (kind, text) = verdict(error, broken)
        let named = strategies.count > 1 ? "\(strategy.id): \(text)" : text
        if kind != .skip { return (kind, named) }
        skipped.append(named)
      }
    }
    return skipped.count == strategies.count ? (.skip, skipped.first ?? "") : (.pass, "")
  }

  private func verdict(_ fault: CaseFault, _ broken: Verdict) -> (Verdict, String) {
    switch fault {
    case .broken: (broken, "\(fault)")
    case .notApplicable: (.skip, "\(fault)")
    case .stopped: (.skip, "\(fault); see completes-a-run")
    }
  }
}
