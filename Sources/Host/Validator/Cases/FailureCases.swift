import CLathe

/// About a host that cannot do what it is asked: every call is made to fail in turn.
enum FailureCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .graph, "refused-replacement-is-an-error",
      "A call whose replace_linear was refused does not return LATHE_OK.",
      fix: "return the status of replace_linear",
      .strategy { bench throws(CaseFault) in
        try bench.complete()
        try each(bench, .replacements) { host, fault throws(CaseFault) in
          if fault == nil {
            throw .broken(
              call: "compress or finish", what: "replace_linear failed and the run reports success")
          }
        }
      }),
    ValidationCase(
      .memory, "survives-failed-calls", "A host function may fail: then its outputs are not there.",
      fix: "test the status of every call before its result is used",
      .strategy { bench throws(CaseFault) in
        try bench.complete()
        try each(bench, .calls, status: LATHE_ERR_INTERNAL) { _, _ throws(CaseFault) in }
      }),
    ValidationCase(
      .memory, "survives-failed-allocations", "new_tensor may fail and scratch may return NULL.",
      fix: "test the status of new_tensor and the pointer of scratch",
      .strategy { bench throws(CaseFault) in
        try bench.complete()
        try each(bench, .allocations, status: LATHE_ERR_INTERNAL) { _, _ throws(CaseFault) in }
      }),
    ValidationCase(
      .memory, "no-leak-after-errors", "A call that fails deletes its tensors all the same.",
      fix: "give every way out of a function the same cleaning up",
      .strategy { bench throws(CaseFault) in
        try bench.complete()
        for kind in [HostOptions.Fallible.calls, .allocations] {
          do throws(CaseFault) { try sweep(bench, kind, rule: "no-leak-after-errors") } catch {
            // Without such calls there is nothing to leak on their failure.
            if case .notApplicable = error { continue }
            throw error
          }
        }
      }),
  ]

  /// Runs with every call of a kind failing in turn and throws where `rule` was broken.
  static func sweep(
    _ bench: StrategyBench, _ kind: HostOptions.Fallible, rule: String
  ) throws(CaseFault) {
    try each(bench, kind) { host, _ throws(CaseFault) in
      guard let found = host.findings.first(where: { $0.rule == rule }) else { return }
      let cause = host.failedFunction.map { ", after \($0) had failed" } ?? ""
      throw .broken(call: found.call, what: found.what + cause)
    }
  }

  /// Runs with one call of a kind failing, then another; of each function the first, the last and some between.
  private static func each(
    _ bench: StrategyBench, _ kind: HostOptions.Fallible, status: Int = LATHE_ERR_NO_MEMORY,
    _ body: (CheckedHost, CaseFault?) throws(CaseFault) -> Void
  ) throws(CaseFault) {
    // A run in which none fails says which there are.
    let calm = bench.host(.plain, StrategyBench.options { ($0.failing, $0.failingCall) = (kind, .max) })
    _ = bench.attempt(calm)
    let functions = calm.state.withLock { $0.fallible }
    if functions.isEmpty { throw .notApplicable("it makes no such call") }
    let deadline = ContinuousClock.now + .seconds(15)
    for index in places(functions) where ContinuousClock.now < deadline {
      for status in statuses(of: functions[index], status) {
        let host = bench.host(
          .plain,
          StrategyBench.options { options in
            (options.failing, options.failingCall, options.failingStatus) = (kind, index, Int32(status))
          })
        let fault = bench.attempt(host)
        try body(host, fault)
      }
    }
  }

  /// At most four calls of each function, evenly spread with both ends: those called often leave the others their turn.
  /// The rounds come first, so that a deadline cuts what is alike.
  private static func places(_ functions: [String]) -> [Int] {
    let byFunction = Dictionary(grouping: functions.indices) { functions[$0] }.values
      .sorted { ($0.first ?? 0) < ($1.first ?? 0) }
    var chosen: [Int] = []
    for share in [0.0, 1, 0.5, 0.25] {
      for calls in byFunction {
        let place = calls[Int(share * Double(calls.count - 1))]
        if !chosen.contains(place) { chosen.append(place) }
      }
    }
    return chosen
  }

  /// How a function fails: a decomposition also because of its numbers, for which plugins have ways of their own.
  private static func statuses(of function: String, _ usual: Int) -> [Int] {
    let isDecomposition = ["cholesky", "eigh", "svd", "qr"].contains(function)
    return isDecomposition ? [usual, LATHE_ERR_NUMERICAL] : [usual]
  }
}
