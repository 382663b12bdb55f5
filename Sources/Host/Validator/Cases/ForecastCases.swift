import CLathe

/// About forecast, through which a host prices forms and plans.
enum ForecastCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .lifecycle, "forecast-answers",
      "After allocate, forecast returns LATHE_OK for each layer that compress takes: an error ends the run.",
      fix: "say the shapes through replace_linear, or leave forecast NULL where they cannot be told",
      .strategy { bench throws(CaseFault) in
        for kind in bench.withDense(kinds) {
          // What compress refuses too is no matter of the forecast.
          if kind != .plain, bench.attempt(bench.host(kind, HostOptions())) != nil { continue }
          let run = try allocated(bench, kind)
          defer { run.destroy() }
          for (index, node) in run.host.model.nodes.enumerated() where node.isSelected {
            try answer(run, index, "after allocate")
          }
        }
      }),
    ValidationCase(
      .lifecycle, "forecast-is-kept", "After allocate, forecast says what compress will do.",
      fix: "compute the shapes in one function that both use",
      .strategy { bench throws(CaseFault) in
        let run = try allocated(bench)
        defer { run.destroy() }
        var foretold: [Int: TinyForm] = [:]
        for (index, node) in run.host.model.nodes.enumerated() where node.isSelected {
          foretold[index] = try form(run, index)
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
      fix: "give forecast an answer that needs no plan and no allocate, or leave it NULL",
      .strategy { bench throws(CaseFault) in
        for kind in bench.withDense(kinds) {
          do throws(CaseFault) { try early(bench, kind) } catch {
            if kind != .plain, bench.attempt(bench.host(kind, HostOptions())) != nil { continue }
            try requireAnswer(bench, kind)
            throw error
          }
        }
      }),
    ValidationCase(
      .lifecycle, "forecasts-what-is-asked",
      "forecast replaces no other node than the one it is asked about.",
      fix: "pass the node of the call to replace_linear",
      .strategy { bench throws(CaseFault) in
        let run = try allocated(bench)
        defer { run.destroy() }
        _ = try form(run, 5)
        _ = try form(run, 1)
        if let fault = run.host.fault("forecasts-what-is-asked") { throw fault }
      }),
  ]

  /// Plain layers, and what earlier stages may have made of them.
  private static let kinds: [TinyModel.Kind] = [.plain, .odd, .factored, .quantized, .codebook]

  private static func forecasting(
    _ bench: StrategyBench, _ kind: TinyModel.Kind = .plain
  ) throws(CaseFault) -> StrategyRun {
    let run = try StrategyRun(bench.host(kind, HostOptions()))
    guard run.instance.pointee.forecast != nil else { throw .notApplicable("it has no forecast") }
    return run
  }

  /// A run with forecasts before allocate.
  private static func early(_ bench: StrategyBench, _ kind: TinyModel.Kind) throws(CaseFault) {
    let run = try forecasting(bench, kind)
    defer { run.destroy() }
    for index in [0, 4, 0] { try answer(run, index, "right after create") }
    try run.plan()
    for index in [5, 0] { try answer(run, index, "right after plan") }
    for block in 0..<2 { try run.analyze(block) }
    try run.allocate()
    for block in 0..<2 { try run.compress(block) }
  }

  /// A run up to allocate.
  private static func allocated(
    _ bench: StrategyBench, _ kind: TinyModel.Kind = .plain
  ) throws(CaseFault) -> StrategyRun {
    let run = try forecasting(bench, kind)
    try run.plan()
    for block in 0..<2 { try run.analyze(block) }
    try run.allocate()
    return run
  }

  /// Throws where the forecast ends with an error: with what the plugin said.
  private static func answer(_ run: StrategyRun, _ index: Int, _ moment: String) throws(CaseFault) {
    do throws(CaseFault) { _ = try run.forecast(index) } catch {
      guard case .stopped(_, let status, let message) = error else { throw error }
      throw .broken(
        call: "forecast of \(run.host.model.nodes[index].name) \(moment)",
        what: "it ended with status \(status), which ends a run and `lathe plan`: \(message)")
    }
  }

  /// Skips where forecast fails after allocate too.
  private static func requireAnswer(_ bench: StrategyBench, _ kind: TinyModel.Kind) throws(CaseFault) {
    let run = try allocated(bench, kind)
    defer { run.destroy() }
    _ = try form(run, 0)
  }

  /// The form that is foretold, for cases that are about something else than whether one is.
  private static func form(_ run: StrategyRun, _ index: Int) throws(CaseFault) -> TinyForm? {
    do throws(CaseFault) { return try run.forecast(index) } catch {
      guard case .stopped = error else { throw error }
      throw .notApplicable("\(error); see forecast-answers")
    }
  }

  /// Shapes and storage in words, as `16x6 * 6x16`.
  private static func shape(_ form: TinyForm) -> String {
    form.map { term in
      term.reversed().map { factor in
        let store =
          factor.isQuantized
          ? " \(factor.isTable ? "table" : "int")\(factor.bits)/\(factor.groupSize)"
          : " \(factor.type.rawValue)"
        return "\(factor.rows)x\(factor.columns)\(factor.isDiagonal ? " diagonal" : "")\(store)"
      }.joined(separator: " * ")
    }.joined(separator: " + ")
  }
}
