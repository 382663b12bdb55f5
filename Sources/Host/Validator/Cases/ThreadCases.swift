import Foundation
import Synchronization

/// About threads: the plugin's own, and those of the host that it meets.
enum ThreadCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .threads, "starts-no-threads", "A strategy starts no threads of its own.",
      fix: "borrow the host's through for_each of lathe.parallel/1",
      .strategy { bench throws(CaseFault) in
        ThreadCount.settle()
        try bench.check("starts-no-threads") { $0.countsThreads = true }
      }),
    ValidationCase(
      .threads, "blocks-in-parallel",
      "With BLOCK_PARALLEL, analyze and compress of different blocks run at the same time and give the same bytes.",
      fix: "keep what belongs to a block in local variables or by block, guarded by a lock",
      .strategy { bench throws(CaseFault) in
        if !bench.strategy.isBlockParallel { throw .notApplicable("it is not BLOCK_PARALLEL") }
        if bench.strategy.isInOrder { throw .notApplicable("it asks for blocks in order") }
        let usual = try bench.steadyDigest()
        guard try bench.complete(blocks: [1, 0]).digest == usual else {
          throw .notApplicable("the order of the blocks matters; see same-bytes-in-any-block-order")
        }
        for _ in 0..<3 {
          let run = try StrategyRun(bench.host(.plain, StrategyBench.options { $0.concurrentBlocks = 2 }))
          defer { run.destroy() }
          try run.plan()
          try together(run) { (block) throws(CaseFault) in try run.analyze(block) }
          try run.allocate()
          try together(run) { (block) throws(CaseFault) in try run.compress(block) }
          try run.finish()
          guard run.host.digest == usual else {
            throw .broken(
              call: "two blocks at the same time", what: "the result is not that of one after the other")
          }
        }
      }),
  ]

  /// Calls for both blocks on two threads, which meet inside the plugin.
  private static func together(
    _ run: StrategyRun, _ body: @escaping @Sendable (Int) throws(CaseFault) -> Void
  ) throws(CaseFault) {
    run.host.state.withLock { $0.entered = 0 }
    let faults = Mutex<[CaseFault]>([])
    DispatchQueue.concurrentPerform(iterations: 2) { block in
      do throws(CaseFault) { try body(block) } catch { faults.withLock { $0.append(error) } }
    }
    if let first = faults.withLock({ $0.first }) {
      throw .broken(call: "two blocks at the same time", what: "\(first)")
    }
  }
}
