import CLathe

/// About forecast, through which a host prices forms and plans.
enum ForecastCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .lifecycle, "forecast-is-kept", "After allocate, forecast says what compress will do.",
      fix: "compute the shapes in one function that both use",
      .strategy { bench throws(CaseFault) in
        let run = try forecasting(bench)
        defer { run.destroy() }
        try run.plan()
        for block in 0..<2 { try run.analyze(block) }
        try run.allocate()
        var foretold: [Int: TinyForm] = [:]
        for (index, node) in run.host.model.nodes.enumerated() where node.isSelected {
          foretold[index] = try run.forecast(index)
        }
        for block in 0..<2 { try run.compress(block) }
        try bench.requireClean(run.host)
        let forms = run.host.state.withLock { $0.forms }
        for (index, node) in run.host.model.nodes.enumerated() where node.isSelected {
          let expected = shape(foretold[index] ?? node.form)
          guard shape(forms[index]) == expected else {
            throw .broken(
              call: "forecast of \(node.name)",
              what: "it said \(expected), compress made \(shape(forms[index]))")
          }
        }
      }),
    ValidationCase(
      .lifecycle, "forecast-at-any-time",
      "forecast may be called at any time after create, and several times.",
      fix: "give forecast an answer that needs no plan and no allocate, or refuse with LATHE_ERR_UNSUPPORTED",
      .strategy { bench throws(CaseFault) in
        for kind in [TinyModel.Kind.plain, .factored, .quantized] {
          let run = try forecasting(bench, kind)
          defer { run.destroy() }
          for index in [0, 4, 0] {
            do throws(CaseFault) { _ = try run.forecast(index) } catch {
              if ParameterCases.isRefusal(error) { continue }
              throw .broken(call: "forecast right after create", what: "\(error)")
            }
          }
        }
      }),
    ValidationCase(
      .lifecycle, "forecasts-what-is-asked", "forecast replaces the node that it is asked about.",
      fix: "pass the node of the call to replace_linear",
      .strategy { bench throws(CaseFault) in
        let run = try forecasting(bench)
        defer { run.destroy() }
        try run.plan()
        for block in 0..<2 { try run.analyze(block) }
        try run.allocate()
        _ = try run.forecast(5)
        _ = try run.forecast(1)
        if let fault = run.host.fault("forecasts-what-is-asked") { throw fault }
      }),
  ]

  private static func forecasting(
    _ bench: StrategyBench, _ kind: TinyModel.Kind = .plain
  ) throws(CaseFault) -> StrategyRun {
    let run = try StrategyRun(bench.host(kind, HostOptions()))
    guard run.instance.pointee.forecast != nil else { throw .notApplicable("it has no forecast") }
    return run
  }

  /// Shapes and storage in words, as `16x6 * 6x16`.
  private static func shape(_ form: TinyForm) -> String {
    form.map { term in
      term.reversed().map { factor in
        let store = factor.isQuantized ? " int\(factor.bits)/\(factor.groupSize)" : " \(factor.type.rawValue)"
        return "\(factor.rows)x\(factor.columns)\(factor.isDiagonal ? " diagonal" : "")\(store)"
      }.joined(separator: " * ")
    }.joined(separator: " + ")
  }
}
