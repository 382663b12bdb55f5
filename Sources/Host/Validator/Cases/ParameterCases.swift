import CLathe
import Tensors

/// About parameters and the instances made from them.
enum ParameterCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .parameters, "defaults-create", "create succeeds with every parameter at its default.",
      fix: "choose defaults that work together",
      .strategy { bench throws(CaseFault) in
        do throws(CaseFault) { try StrategyRun(bench.host(.plain, HostOptions())).destroy() } catch {
          if case .stopped = error { throw .broken(call: "create with the defaults", what: "\(error)") }
          throw error
        }
      }),
    ValidationCase(
      .parameters, "bounds-create",
      "With each parameter at either end of its range, at each choice, create succeeds or explains what does not fit.",
      fix: "narrow the range, or refuse the combination with LATHE_ERR_INVALID and a sentence",
      .strategy { bench throws(CaseFault) in
        if bench.strategy.parameters.isEmpty { throw .notApplicable("it has no parameters") }
        try StrategyRun(bench.host(.plain, HostOptions())).destroy()
        for parameter in bench.strategy.parameters {
          for value in parameter.extremes {
            let host = bench.host(.plain, StrategyBench.options { $0.parameters[parameter.key] = value })
            do throws(CaseFault) { try StrategyRun(host).destroy() } catch {
              if isExplained(error, host) { continue }
              throw .broken(call: "create with \(parameter.key) = \(value)", what: "\(error)")
            }
          }
        }
      }),
    ValidationCase(
      .parameters, "fuzz-parameters",
      "With any values that the declared ranges allow, a run succeeds or ends with an explained error.",
      fix:
        "repeat with the same --seed; narrow the range, or refuse the values in create with LATHE_ERR_INVALID",
      .strategy { bench throws(CaseFault) in
        if bench.strategy.parameters.isEmpty { throw .notApplicable("it has no parameters") }
        try bench.complete()
        let random = CounterRandom(seed: bench.seed, stream: 99)
        for round in 0..<18 {
          let options = StrategyBench.options { options in
            options.patience = .seconds(1)
            for (index, parameter) in bench.strategy.parameters.enumerated()
            where bench.file.given[parameter.key] == nil {
              let draw = Double(random.uniform(at: UInt64(64 * round + index)))
              // Every third round half of the values are ends of their ranges, together with others.
              let share = round % 3 == 2 ? min(max(2 * draw - 0.5, 0), 1) : draw
              options.parameters[parameter.key] = parameter.at(share)
            }
          }
          let host = bench.host(.plain, options)
          guard let fault = bench.attempt(host), case .stopped(_, let status, _) = fault else { continue }
          if status == Int32(LATHE_ERR_CANCELLED) || isExplained(fault, host, or: LATHE_ERR_NUMERICAL) {
            continue
          }
          throw .broken(call: "a run with \(options.parameters)", what: "\(fault)")
        }
      }),
    ValidationCase(
      .parameters, "overrides-are-taken",
      "With TAKES_OVERRIDES one layer may have other parameters than the rest: a run succeeds or ends with an explained error.",
      fix: "read what may differ by node_int, node_float and node_text, or refuse it with LATHE_ERR_INVALID",
      .strategy { bench throws(CaseFault) in try override(bench) }),
    rule(
      "reads-declared-parameters", "Only declared parameters are read.",
      fix: "declare the key in params, or correct its spelling"),
    rule(
      "parameter-types-match",
      "A parameter is read by the function of its type: bool as get_int, choice as get_text.",
      fix: "use get_int for int and bool, get_float for float, get_text for string and choice"),
    rule(
      "parameters-read-in-create", "Parameters are read by `get_*` during create only.",
      fix: "read them in create and keep them in the instance"),
  ]

  /// Runs with other parameters for one layer.
  private static func override(_ bench: StrategyBench) throws(CaseFault) {
    if !bench.strategy.takesOverrides { throw .notApplicable("it takes no overrides") }
    try bench.complete()
    for (node, share) in [(0, 0.0), (6, 1), (5, 0.5), (10, 0.75), (4, 0.25)] {
      for parameter in bench.strategy.parameters where parameter.type != Int32(LATHE_PARAM_FLOAT_LIST) {
        let value = parameter.at(share)
        let host = bench.host(
          .plain, StrategyBench.options { $0.nodeParameters[node] = [parameter.key: value] })
        guard let fault = bench.attempt(host), !isExplained(fault, host, or: LATHE_ERR_NUMERICAL) else {
          continue
        }
        throw .broken(
          call: "a run with \(parameter.key) = \(value) for \(host.model.nodes[node].name)", what: "\(fault)")
      }
    }
  }

  private static func rule(_ name: String, _ rule: String, fix: String) -> ValidationCase {
    ValidationCase(
      .parameters, name, rule, fix: fix, .strategy { bench throws(CaseFault) in try bench.check(name) })
  }

  /// Whether the plugin said that it cannot do this.
  static func isRefusal(_ fault: CaseFault, or other: Int = LATHE_ERR_UNSUPPORTED) -> Bool {
    guard case .stopped(_, let status, _) = fault else { return false }
    return [LATHE_ERR_INVALID, LATHE_ERR_UNSUPPORTED, other].contains(Int(status))
  }

  /// Whether the plugin said that it cannot do this, and why, in the run of `host`.
  static func isExplained(
    _ fault: CaseFault, _ host: CheckedHost, or other: Int = LATHE_ERR_UNSUPPORTED
  ) -> Bool {
    isRefusal(fault, or: other) && host.fault("failures-are-explained") == nil
  }
}
