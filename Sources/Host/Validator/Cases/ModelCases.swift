import CLathe

/// About models that are not the plainest ones.
enum ModelCases {
  static let all: [ValidationCase] = [
    model(
      "odd-sizes", .odd, "Sizes are what they are: 13 and 29, and fewer key-value heads.",
      fix: "take no size to be even, a power of two, or equal to another"),
    model(
      "head-outside-blocks", .head,
      "compress is called with block -1 for linears outside the blocks, unless plan refused them with a reason.",
      fix: "accept a negative block; there are no statistics for it"),
    model(
      "empty-block", .emptyBlock, "The recipe may leave a block without any selected layer.",
      fix: "do nothing for a block where nothing is selected, and divide by no count of nodes"),
    model(
      "bf16-weights", .bf16, "Weights may be stored in bf16.",
      fix: "look at dtype of a borrowed tensor, or take dense_weight, which is float32"),
    model(
      "f16-weights", .f16, "Weights may be stored in f16.",
      fix: "look at dtype of a borrowed tensor, or take dense_weight, which is float32"),
    model(
      "factored-layers", .factored,
      "An earlier stage may have made layers products of factors: they are compressed, or refused with a reason.",
      fix: "take dense_weight, or go through all terms and factors of linear", mayRefuse: true),
    model(
      "codebook-layers", .codebook,
      "An earlier stage may have made layers codes into a table: they are compressed, or refused with a reason.",
      fix: "take dense_weight, or read codes, scales and the codebook of linear", mayRefuse: true),
    model(
      "quantized-layers", .quantized,
      "An earlier stage may have quantised layers: they are compressed, or refused with a reason.",
      fix: "take dense_weight, or read codes, scales and zero points of linear", mayRefuse: true),
  ]

  private static func model(
    _ name: String, _ kind: TinyModel.Kind, _ rule: String, fix: String, mayRefuse: Bool = false
  ) -> ValidationCase {
    ValidationCase(
      .numerics, name, rule, fix: fix,
      .strategy { bench throws(CaseFault) in
        let plain = try bench.complete()
        try bench.requireClean(plain)
        let host = bench.host(kind, HostOptions())
        if let fault = bench.attempt(host) {
          let mayEnd = mayRefuse || kind == .head && isRefusedByPlan(fault)
          if mayEnd, ParameterCases.isExplained(fault, host) {
            throw .notApplicable("it refuses them: \(fault)")
          }
          throw .broken(call: "a run on such a model", what: "\(fault)")
        }
        if let found = host.faults.first { throw .broken(call: found.call, what: found.what) }
        if !host.hasReplaced { throw .notApplicable("it leaves every layer of such a model as it is") }
        let worst = host.replacements.map { ($0.node.name, $0.node.relativeError(of: $0.matrix)) }.max {
          $0.1 < $1.1
        }
        if let worst, !(worst.1 < 1) {
          try NumericsCases.requireBetterPlain(bench)
          throw .broken(
            call: "replacement of \(worst.0)", what: "the relative error of its outputs is \(Float(worst.1))")
        }
      })
  }

  private static func isRefusedByPlan(_ fault: CaseFault) -> Bool {
    guard case .stopped("plan", let status, _) = fault else { return false }
    return status == Int32(LATHE_ERR_UNSUPPORTED)
  }
}
