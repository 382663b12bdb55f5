/// About getting the same bytes again.
enum DeterminismCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .determinism, "same-bytes-twice", "Equal runs give equal bytes, and equal metrics and series.",
      fix:
        "use the seed of the handle or lathe.random/1, no clock, address or static state, and no memory that was never written",
      .strategy { bench throws(CaseFault) in
        for kind in [TinyModel.Kind.plain, .odd] {
          let first = try bench.complete(kind)
          try bench.requireClean(first)
          for _ in 0..<2 {
            guard try bench.complete(kind).digest == first.digest else {
              throw .broken(call: "a second equal run", what: "the result is not the same")
            }
          }
        }
      }),
    ValidationCase(
      .determinism, "same-bytes-in-another-process",
      "A new process gives the same bytes: nothing hangs on addresses or on hashes that are seeded per process.",
      fix: "iterate in the order of nodes and never of a hash table; compare no addresses",
      .strategy { bench throws(CaseFault) in
        let here = try bench.steadyDigest()
        for _ in 0..<2 {
          guard try bench.freshDigest(.plain) == here else {
            throw .broken(call: "an equal run in another process", what: "the result is not the same")
          }
        }
      }),
    ValidationCase(
      .determinism, "same-bytes-in-any-block-order",
      "With BLOCK_PARALLEL and without IN_ORDER the order of the blocks changes nothing.",
      fix: "file what analyze learns by block, or set LATHE_STRATEGY_IN_ORDER",
      .strategy { bench throws(CaseFault) in
        if !bench.strategy.isBlockParallel { throw .notApplicable("it is not BLOCK_PARALLEL") }
        if bench.strategy.isInOrder { throw .notApplicable("it asks for blocks in order") }
        let usual = try bench.steadyDigest()
        guard try bench.complete(blocks: [1, 0]).digest == usual else {
          throw .broken(call: "blocks in reverse order", what: "the result is not the same")
        }
      }),
    ValidationCase(
      .determinism, "same-bytes-in-any-task-order",
      "for_each may run its indices in any order and on any thread.",
      fix: "give each index its own place for results and combine them afterwards, in order",
      .strategy { bench throws(CaseFault) in
        let usual = try bench.steadyDigest()
        guard try bench.complete(.plain, { $0.isReversed = true }).digest == usual else {
          throw .broken(call: "for_each from the last index to the first", what: "the result is not the same")
        }
        for threads in [2, 3] {
          guard try bench.complete(.plain, { $0.threads = threads }).digest == usual else {
            throw .broken(call: "for_each on \(threads) threads", what: "the result is not the same")
          }
        }
      }),
    ValidationCase(
      .determinism, "any-seed", "Any seed will do: 0, and all bits set.",
      fix: "mix the seed before using it as the state of a generator",
      .strategy { bench throws(CaseFault) in
        try bench.complete()
        for seed in [UInt64(0), 1, .max] {
          let host = bench.host(.plain, StrategyBench.options { $0.seed = seed })
          if let fault = bench.attempt(host) {
            throw .broken(call: "a run with seed \(seed)", what: "\(fault)")
          }
        }
      }),
  ]
}
