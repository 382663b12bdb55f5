import CLathe

/// About stopping when the user asks for it.
enum CancelCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .cancel, "cancel-gives-cancelled",
      "A call that ends because of a cancellation returns LATHE_ERR_CANCELLED, and one that was done LATHE_OK.",
      fix: "pass on LATHE_ERR_CANCELLED from is_cancelled, for_each and lathe.linalg/1 as it is",
      .strategy { bench throws(CaseFault) in
        let whole = try bench.complete().replacements.count
        try each(bench) { host, fault throws(CaseFault) in
          guard let fault else {
            let done = host.replacements.count
            if done == whole { return }
            throw .broken(
              call: "a run that was cancelled",
              what: "\(done) of \(whole) layers were replaced, and every call returned LATHE_OK")
          }
          guard case .stopped(let call, let status, _) = fault, status != Int32(LATHE_ERR_CANCELLED)
          else { return }
          throw .broken(call: call, what: "it was cancelled and returned \(status)")
        }
      }),
    ValidationCase(
      .cancel, "stops-when-cancelled", "After is_cancelled said 1 no further layer is worked on.",
      fix: "return LATHE_ERR_CANCELLED as soon as is_cancelled is not 0",
      .strategy { bench throws(CaseFault) in
        try each(bench) { host, _ throws(CaseFault) in
          if let fault = host.fault("stops-when-cancelled") { throw fault }
        }
      }),
    ValidationCase(
      .cancel, "returns-soon-after-cancel", "A call returns within a second of a cancellation.",
      fix: "poll in long loops, at least every 100 ms",
      .strategy { bench throws(CaseFault) in
        try each(bench) { host, _ throws(CaseFault) in
          if let fault = host.fault("returns-soon-after-cancel") { throw fault }
        }
      }),
    ValidationCase(
      .cancel, "polls-for-cancellation",
      "Between two layers a strategy looks whether it is to stop, itself or through for_each or lathe.linalg/1.",
      fix: "call is_cancelled once a layer", isAdvice: true,
      .strategy { bench throws(CaseFault) in try bench.check("polls-for-cancellation") }),
  ]

  /// Runs that are cancelled from the first, a later, ... poll on; about ten places.
  private static func each(
    _ bench: StrategyBench, _ body: (CheckedHost, CaseFault?) throws(CaseFault) -> Void
  ) throws(CaseFault) {
    let calm = try bench.complete()
    let polls = calm.polls
    if polls == 0 { throw .notApplicable("it never asks; see polls-for-cancellation") }
    for poll in stride(from: 0, to: polls, by: max(1, polls / 10)) {
      let host = bench.host(.plain, StrategyBench.options { $0.cancelAtPoll = poll })
      let fault = bench.attempt(host)
      try body(host, fault)
    }
  }
}
