import CKernels
import CLathe
import Glibc

/// About instances: how they are made, used and destroyed.
enum LifecycleCases {
  static let wholeRun = "completes-a-run"

  static let all: [ValidationCase] = [
    ValidationCase(
      .lifecycle, "instance-table-is-sound",
      "create gives an instance with its size and with destroy, plan and compress.",
      fix: "set struct_size = sizeof(lathe_instance) and the three functions; the others may be NULL",
      .strategy { bench throws(CaseFault) in
        let host = bench.host(.plain, HostOptions())
        var made: StrategyRun?
        do throws(CaseFault) { made = try StrategyRun(host) } catch {
          if let fault = host.fault("instance-table-is-sound") { throw fault }
          throw error
        }
        made?.destroy()
      }),
    ValidationCase(
      .lifecycle, wholeRun,
      "With default parameters a strategy compresses a small model of the usual shape.",
      fix: "read the message; --trace FILE shows every call that led there",
      .strategy { bench throws(CaseFault) in
        do throws(CaseFault) { try bench.complete() } catch {
          if case .stopped(let call, _, _) = error, call != "create" {
            throw .broken(call: "a run with the defaults", what: "\(error)")
          }
          throw error
        }
      }),
    ValidationCase(
      .lifecycle, "destroy-frees-the-instance", "create and destroy leave no memory behind.",
      fix: "free in destroy what create allocated",
      .strategy { bench throws(CaseFault) in
        try measureLeak(rounds: 30, times: 4, "create and destroy") { () throws(CaseFault) in
          try StrategyRun(bench.host(.plain, HostOptions())).destroy()
        }
      }),
    ValidationCase(
      .lifecycle, "runs-leak-no-memory", "A run from create to destroy leaves no memory behind.",
      fix: "free what plan, analyze, allocate and compress allocate; run under AddressSanitizer to see where",
      .strategy { bench throws(CaseFault) in
        try measureLeak(rounds: 24, times: 2, "a run") { () throws(CaseFault) in try bench.complete() }
      }),
    ValidationCase(
      .lifecycle, "destroy-after-every-phase", "destroy works whatever was called before, and after errors.",
      fix: "set every pointer to NULL in create and let destroy free what is there",
      .strategy { bench throws(CaseFault) in
        try bench.complete()
        for steps in 0...6 {
          let host = bench.host(.plain, HostOptions())
          let run = try StrategyRun(host)
          if steps > 0 { try run.plan() }
          if steps > 1 { try run.analyze(0) }
          if steps > 2 { try run.analyze(1) }
          if steps > 3 { try run.allocate() }
          if steps > 4 { try run.compress(0) }
          if steps > 5 { try run.compress(1) }
          run.destroy()
        }
      }),
    ValidationCase(
      .lifecycle, "two-instances-are-independent",
      "Instances that are alive at the same time do not disturb each other.",
      fix: "keep state in the instance and not in static variables",
      .strategy { bench throws(CaseFault) in
        let alone = try bench.steadyDigest()
        let one = try StrategyRun(bench.host(.plain, HostOptions()))
        defer { one.destroy() }
        let two = try another(bench)
        defer { two.destroy() }
        // Where it ends, with an error or because it takes long, has no bearing on the first.
        var goesOn = true
        func meanwhile(_ body: () throws(CaseFault) -> Void) {
          guard goesOn else { return }
          do throws(CaseFault) { try body() } catch { goesOn = false }
        }
        try one.plan()
        meanwhile { () throws(CaseFault) in try two.plan() }
        for block in 0..<2 {
          try one.analyze(block)
          meanwhile { () throws(CaseFault) in try two.analyze(block) }
        }
        try one.allocate()
        meanwhile { () throws(CaseFault) in try two.allocate() }
        for block in 0..<2 {
          try one.compress(block)
          meanwhile { () throws(CaseFault) in try two.compress(block) }
        }
        try one.finish()
        guard one.host.digest == alone else {
          throw .broken(call: "two interleaved runs", what: "the first one's result is not what it is alone")
        }
      }),
    ValidationCase(
      .lifecycle, "runs-share-nothing", "A run does not depend on runs that the process did before.",
      fix: "keep nothing of a model or of parameters in static variables",
      .strategy { bench throws(CaseFault) in
        try bench.complete(.plain)
        let after = try bench.complete(.odd)
        let again = try bench.complete(.odd)
        let fresh = try bench.freshDigest(.odd)
        guard again.digest == after.digest, try bench.freshDigest(.odd) == fresh else {
          throw .notApplicable("two equal runs differ; see same-bytes-twice")
        }
        guard fresh == after.digest else {
          // A strategy that differs between processes anyway says nothing here.
          guard try CaseProcess.isSteady(bench) else {
            throw .notApplicable("processes differ; see same-bytes-in-another-process")
          }
          throw .broken(
            call: "a run after one on another model", what: "the result is not that of a new process")
        }
      }),
    ValidationCase(
      .lifecycle, "statuses-are-known", "Every function returns a lathe_status.",
      fix: "return LATHE_OK or one of the seven errors",
      .strategy { bench throws(CaseFault) in try FailureCases.sweep(bench, .calls, rule: "statuses-are-known")
      }),
    ValidationCase(
      .lifecycle, "failures-are-explained", "Before a function returns an error it says why through fail.",
      fix: "return host->fail(host, status, \"what could not be done\")",
      .strategy { bench throws(CaseFault) in
        try FailureCases.sweep(bench, .calls, rule: "failures-are-explained")
      }),
    rule(
      "messages-are-utf8", "Texts for log, fail, progress and the report are valid UTF-8 and not NULL.",
      fix: "pass UTF-8, and \"\" where there is nothing to say"),
    rule(
      "progress-in-0-to-1", "progress is told a fraction of the call in 0 ... 1.", fix: "divide by the total"),
    ValidationCase(
      .lifecycle, "metrics-are-finite",
      "Metrics and series are finite numbers, also for layers and inputs that are zero.",
      fix: "leave a number out that cannot be computed",
      .strategy { bench throws(CaseFault) in
        try bench.check("metrics-are-finite")
        // That such models are compressed at all is for zero-inputs and zero-weights.
        for kind in [TinyModel.Kind.zeroInputs, .zeroWeights] {
          let host = bench.host(kind, HostOptions())
          _ = bench.attempt(host)
          if let fault = host.fault("metrics-are-finite") { throw fault }
        }
      }),
  ]

  private static func rule(_ name: String, _ rule: String, fix: String) -> ValidationCase {
    ValidationCase(
      .lifecycle, name, rule, fix: fix, .strategy { bench throws(CaseFault) in try bench.check(name) })
  }

  /// An instance with other parameters and another seed; with the same parameters where it refuses those.
  private static func another(_ bench: StrategyBench) throws(CaseFault) -> StrategyRun {
    var options = StrategyBench.options { ($0.seed, $0.patience) = (99, .seconds(1)) }
    for parameter in bench.strategy.parameters
    where parameter.type <= Int32(LATHE_PARAM_FLOAT) && bench.file.given[parameter.key] == nil {
      options.parameters[parameter.key] = parameter.at(0.75)
    }
    do throws(CaseFault) { return try StrategyRun(bench.host(.odd, options)) } catch {
      guard ParameterCases.isRefusal(error) else { throw error }
      options.parameters = [:]
      return try StrategyRun(bench.host(.odd, options))
    }
  }

  /// Throws where the heap grows in each of the last rounds, by at least 16 bytes each time `body` runs.
  private static func measureLeak(
    rounds: Int, times: Int, _ what: String, _ body: () throws(CaseFault) -> Void
  ) throws(CaseFault) {
    guard heap_tells() == 1 else {
      throw .notApplicable("the heap cannot be measured (a sanitizer or another malloc)")
    }
    for _ in 0..<times { try body() }
    var grown: [Int] = []
    // Where one run takes a second, fewer of them have to do.
    let deadline = ContinuousClock.now + .seconds(8)
    while grown.count < rounds, grown.count < 6 || ContinuousClock.now < deadline {
      let before = heap_bytes_in_use()
      for _ in 0..<times { try body() }
      grown.append((heap_bytes_in_use() - before) / times)
    }
    // Caches that fill up end; a leak does not.
    let last = grown.suffix(grown.count / 2).min() ?? 0
    if last >= 16 { throw .broken(call: what, what: "about \(last) bytes stay allocated each time \(grown)") }
  }
}
