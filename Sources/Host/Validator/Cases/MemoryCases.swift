import CKernels

/// About who may touch which bytes, and for how long.
enum MemoryCases {
  static let all: [ValidationCase] = [
    rule(
      "writes-in-bounds", "Nothing is written outside tensors and scratch that the host gave.",
      fix: "compare loop bounds with the shape; sizes are elements, not bytes"
    ) { $0.guardsNewMemory = true },
    rule(
      "reads-in-bounds",
      "Nothing is read outside what the host lent: a borrowed tensor may end where its page ends.",
      fix: "compare loop bounds with the shape; vector code needs a tail loop", kinds: forms + [.bf16]
    ) { $0.guardsBorrowed = true },
    rule(
      "borrowed-is-read-only", "What the host lends is not written to.",
      fix: "copy a statistic or a factor into a tensor of your own before changing it"
    ) { $0.makesBorrowedReadOnly = true },
    rule(
      "borrowed-not-kept",
      "What a call borrows is not used after it returned: statistics, forms, texts, scratch.",
      fix: "copy what a later phase needs, or store it with keep of lathe.workspace/1"
    ) { $0.revokesBorrowed = true },
    rule(
      "handle-not-kept", "A host handle is used in the call that received it and never later.",
      fix: "pass the handle down as an argument; extension tables may be kept"
    ) { $0.revokesHandles = true },
    rule(
      "deletes-tensors-once", "A tensor that the plugin owns is deleted once, a borrowed one never.",
      fix: "set the pointer to NULL after its deleter ran; leave borrowed tensors alone"),
    rule(
      "deleted-not-used", "A tensor is not used once its deleter ran, nor given to the host.",
      fix:
        "delete last: replace_linear copies, so its tensors can be deleted when it has returned and not before"
    ) { $0.revokesDeleted = true },
    rule(
      "no-tensor-leaks",
      "Every tensor from new_tensor and dense_weight has been deleted when destroy returns.",
      fix: "call tensor->deleter(tensor) when you are done; replace_linear copies and takes nothing over"),
    rule(
      "arguments-fit",
      "Matrices for lathe.linalg/1 have one dtype and shapes that fit, outputs are writable and overlap no input.",
      fix: "compare the shapes with the comments of lathe.h"),
    ValidationCase(
      .memory, "initialises-scratch",
      "Scratch has any content when it is given; results do not depend on it.",
      fix: "write scratch before it is read",
      .strategy { bench throws(CaseFault) in
        let usual = try bench.steadyDigest()
        for fill in [UInt8(0xff), 0x3d] {
          let host = bench.host(.plain, StrategyBench.options { $0.scratchFill = fill })
          guard bench.attempt(host) == nil, host.digest == usual else {
            throw .broken(call: "scratch", what: "the result changes with the bytes that scratch had before")
          }
        }
      }),
    ValidationCase(
      .memory, "initialises-memory", "Results do not depend on what memory from malloc held before.",
      fix: "use calloc, or write memory before it is read; valgrind and MemorySanitizer show where",
      .strategy { bench throws(CaseFault) in
        try bench.requireClean(bench.complete())
        defer { _ = heap_fill_fresh_blocks(0) }
        // malloc fills with the complement of this byte: zeros twice, then others.
        let digests = try [Int32(0xff), 0xff, 0x5c, 0x81].map { (fill) throws(CaseFault) -> String? in
          guard heap_fill_fresh_blocks(fill) == 1 else {
            throw .notApplicable("malloc cannot be made to fill memory")
          }
          let host = bench.host(.plain, HostOptions())
          return bench.attempt(host) == nil ? host.digest : nil
        }
        // What a clock or an address does differs for equal bytes too.
        if digests[0] != digests[1] { throw .notApplicable("two equal runs differ; see same-bytes-twice") }
        if digests.contains(where: { $0 == nil || $0 != digests[0] }) {
          throw .broken(
            call: "malloc", what: "the result changes with the bytes that fresh memory held before")
        }
      }),
  ]

  /// Every form that a plugin may borrow or read into memory of its own.
  private static let forms: [TinyModel.Kind] = [.plain, .odd, .factored, .quantized, .codebook]

  private static func rule(
    _ name: String, _ rule: String, fix: String, kinds: [TinyModel.Kind] = forms,
    options: @escaping @Sendable (inout HostOptions) -> Void = { _ in }
  ) -> ValidationCase {
    ValidationCase(
      .memory, name, rule, fix: fix,
      .strategy { bench throws(CaseFault) in try bench.check(name, kinds, options) })
  }
}
