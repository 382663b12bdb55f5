import CLathe
import LinearAlgebra

/// About the numbers that come out.
enum NumericsCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .numerics, "outputs-finite", "Values that replace a layer are finite in the type they are stored in.",
      fix: "look for a division by zero or an overflow; f16 ends at 65504",
      .strategy { bench throws(CaseFault) in try bench.check("outputs-finite", [.plain, .odd, .f16]) }),
    ValidationCase(
      .numerics, "better-than-zero",
      "The outputs of a replaced layer are closer to the layer's own than zeros are.",
      fix:
        "look for zeros and wrong signs, the order of the factors (factors[0] meets the input) and transposes: W is [out, in]",
      .strategy { bench throws(CaseFault) in try better(bench, [.plain]) }),
    ValidationCase(
      .numerics, "as-good-as-plain-svd",
      "Factors lose no more of the outputs than a truncated SVD of the weights does with the same ranks.",
      fix:
        "check which side a whitening is undone on, and with which triangle; or know why the method aims elsewhere",
      isAdvice: true,
      .strategy { bench throws(CaseFault) in try comparesWithPlain(bench) }),
    ValidationCase(
      .numerics, "replaces-a-layer",
      "A layer of the tiny models is replaced: else what is said of numbers and of equal bytes was not exercised.",
      fix: "give parameters with --set under which layers of 16 columns are worth compressing",
      isAdvice: true,
      .strategy { bench throws(CaseFault) in try replaces(bench) }),
    ValidationCase(
      .numerics, "meets-its-budget", "The selected layers take no more than the target, as cost prices them.",
      fix: "round ranks down, and add up cost of the forms that you will give",
      .strategy { bench throws(CaseFault) in
        try withBudget(bench) { host, target throws(CaseFault) in
          if host.selectedBytes > target {
            throw .broken(
              call: "the whole run", what: "\(host.selectedBytes) bytes where \(target) is the target")
          }
        }
      }),
    ValidationCase(
      .numerics, "uses-its-budget", "The selected layers use most of the target: at least 80 % of it.",
      fix: "give bytes that are left to the layers that need them most", isAdvice: true,
      .strategy { bench throws(CaseFault) in
        try withBudget(bench) { host, target throws(CaseFault) in
          if Double(host.selectedBytes) < 0.8 * Double(target) {
            throw .broken(
              call: "the whole run", what: "\(host.selectedBytes) bytes where \(target) is the target")
          }
        }
      }),
    ValidationCase(
      .numerics, "few-tokens", "Fewer tokens than features: Gram matrices are singular.",
      fix: "add a small ridge before a Cholesky, or use an eigendecomposition and drop what is zero",
      .strategy { bench throws(CaseFault) in try finishes(bench, .fewTokens) }),
    ValidationCase(
      .numerics, "zero-inputs", "A site that no token reached: its statistics are all zero.",
      fix: "fall back to the weights alone where a statistic is zero",
      .strategy { bench throws(CaseFault) in try finishes(bench, .zeroInputs) }),
    ValidationCase(
      .numerics, "zero-weights", "A layer whose weights are all zero.",
      fix: "test for zero before dividing by a norm or a largest value",
      .strategy { bench throws(CaseFault) in try finishes(bench, .zeroWeights) }),
    ValidationCase(
      .numerics, "huge-scales", "Weights of 1e5 and inputs of 1e4 are compressed as well as any.",
      fix: "normalise before squaring, and compute sums in double",
      .strategy { bench throws(CaseFault) in
        try finishes(bench, .huge)
        try requireBetterPlain(bench)
        try better(bench, [.huge])
      }),
    ValidationCase(
      .numerics, "tiny-scales", "Weights of 1e-7 and inputs of 1e-4 are compressed as well as any.",
      fix: "make thresholds relative to the largest value",
      .strategy { bench throws(CaseFault) in
        try finishes(bench, .tiny)
        try requireBetterPlain(bench)
        try better(bench, [.tiny])
      }),
  ]

  /// Throws where a run on the subject ends well and replaces no layer: then no form of layers is replaced.
  private static func replaces(_ bench: StrategyBench) throws(CaseFault) {
    let host = try bench.complete()
    try bench.requireClean(host)
    if host.hasReplaced { return }
    throw .broken(
      call: "runs on the tiny models, their layers dense, factored, quantized or codes into a table",
      what: "no layer was replaced, so its numerics and its determinism were not exercised")
  }

  /// Throws where a run on `kind` ends with an error or with values that are not finite.
  static func finishes(_ bench: StrategyBench, _ kind: TinyModel.Kind) throws(CaseFault) {
    // What fails on the plain model too is not about this one.
    let plain = try bench.complete()
    try bench.requireClean(plain)
    let host = bench.host(kind, HostOptions())
    if let fault = bench.attempt(host) { throw .broken(call: "a run on such a model", what: "\(fault)") }
    if let fault = host.fault("outputs-finite") { throw fault }
  }

  static func better(_ bench: StrategyBench, _ kinds: [TinyModel.Kind]) throws(CaseFault) {
    for kind in kinds {
      let host = try bench.complete(kind)
      try bench.requireClean(host)
      for (node, matrix, _) in host.replacements {
        let error = node.relativeError(of: matrix)
        guard error < 1 else {
          throw .broken(
            call: "replacement of \(node.name)", what: "the relative error of its outputs is \(Float(error))")
        }
      }
    }
  }

  /// Throws where the layers whose rank was cut have a larger error together, `sum_l ||X (W - W')^T||^2 / ||X W^T||^2`,
  /// than their best approximations `W'` of the same ranks in the Frobenius norm, which see no inputs.
  private static func comparesWithPlain(_ bench: StrategyBench) throws(CaseFault) {
    try requireBetterPlain(bench)
    let host = try bench.complete()
    var (own, plain) = (0.0, 0.0)
    for (node, matrix, form) in host.replacements {
      guard let weight = node.form.matrix, let rank = form.rank, let old = node.form.rank,
        rank < min(old, weight.rows, weight.columns)
      else { continue }
      let best: Matrix<Double>
      do { best = try weight.truncated(to: rank) } catch { throw .notApplicable("\(error)") }
      let errors = (node.relativeError(of: matrix), node.relativeError(of: best))
      own += errors.0 * errors.0
      plain += errors.1 * errors.1
    }
    if plain == 0 { throw .notApplicable("it cuts no ranks") }
    let ratio = (own / plain).squareRoot()
    // What storing the factors in f32 may cost.
    if ratio > 1.001 {
      throw .broken(
        call: "the whole run",
        what: "layers whose rank was cut lose \(Float(ratio)) times as much of their outputs")
    }
  }

  /// Skips where even the plain model comes out worse than zeros.
  static func requireBetterPlain(_ bench: StrategyBench) throws(CaseFault) {
    do throws(CaseFault) { try better(bench, [.plain]) } catch {
      if case .broken = error { throw .notApplicable("the plain model fails too; see better-than-zero") }
      throw error
    }
  }

  private static func withBudget(
    _ bench: StrategyBench, _ body: (CheckedHost, Int) throws(CaseFault) -> Void
  ) throws(CaseFault) {
    if !bench.strategy.takesBudget { throw .notApplicable("it takes no budget") }
    for kind in [TinyModel.Kind.plain, .odd] {
      for keep in [0.9, 0.8, 0.6] {
        let host = bench.host(kind, StrategyBench.options { $0.keep = keep })
        if let fault = bench.attempt(host) {
          // Small budgets may be refused, with a reason.
          if keep < 0.8, ParameterCases.isRefusal(fault) { continue }
          throw fault
        }
        try bench.requireClean(host)
        try body(host, host.target ?? 0)
      }
    }
  }
}
