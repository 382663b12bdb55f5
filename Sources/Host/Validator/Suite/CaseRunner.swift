/// Runs cases on one library, in this process.
public struct CaseRunner: Sendable {
  let bench: FileBench

  public init(path: String, settings: RunSettings, tracePath: String? = nil) {
    bench = FileBench(path: path, settings: settings, trace: tracePath.map { _ in TraceLog() })
    self.tracePath = tracePath
  }

  private let tracePath: String?

  /// Runs `item`; what it finds wrong is in the result.
  public func run(_ item: ValidationCase) -> CaseResult {
    let clock = ContinuousClock()
    let start = clock.now
    var replaced: Int?
    let (verdict, text) = outcome(item, &replaced)
    if let tracePath { bench.trace?.write(to: tracePath) }
    let duration = clock.now - start
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    return CaseResult(item, verdict, text, replaced: replaced, seconds: seconds)
  }

  /// The verdict with its reason; `replaced` is the sum over the strategies where a case is about those.
  private func outcome(_ item: ValidationCase, _ replaced: inout Int?) -> (Verdict, String) {
    let broken: Verdict = item.isAdvice ? .warn : .fail
    do throws(CaseFault) {
      switch item.subject {
      case .file(let body): try body(bench)
      case .module(let body):
        let module = try bench.module()
        try body(module, bench)
      case .strategy(let body):
        let (found, sum) = try eachStrategy(of: bench.module(), broken, body)
        replaced = sum
        return found
      }
      return (.pass, "")
    } catch {
      return verdict(error, broken)
    }
  }

  /// The worst verdict over the strategies; a skip only where all of them skip, and else a pass that says which do.
  private func eachStrategy(
    of module: ModuleUnderTest, _ broken: Verdict, _ body: (StrategyBench) throws(CaseFault) -> Void
  ) throws(CaseFault) -> (found: (Verdict, String), replaced: Int) {
    let strategies = try module.strategies()
    var skipped: [String] = []
    var replaced = 0
    for strategy in strategies {
      let own = StrategyBench(strategy: strategy, file: bench)
      defer { replaced += own.tally.replaced }
      do throws(CaseFault) {
        try strategy.checkUsable()
        try body(own)
        try own.requireReplacement()
      } catch {
        let (kind, text) = verdict(error, broken)
        let named = strategies.count > 1 ? "\(strategy.id): \(text)" : text
        if kind != .skip { return ((kind, named), replaced + own.tally.replaced) }
        skipped.append(named)
      }
    }
    return (
      skipped.count == strategies.count
        ? (.skip, skipped.first ?? "") : (.pass, skipped.joined(separator: "; ")), replaced
    )
  }

  private func verdict(_ fault: CaseFault, _ broken: Verdict) -> (Verdict, String) {
    switch fault {
    case .broken: (broken, "\(fault)")
    case .notApplicable: (.skip, "\(fault)")
    case .stopped: (.skip, "\(fault); see completes-a-run")
    }
  }
}
