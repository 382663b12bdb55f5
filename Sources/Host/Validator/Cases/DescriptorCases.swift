import PluginHost
import CLathe

/// About what a strategy says of itself.
enum DescriptorCases {
  static let all: [ValidationCase] = [
    descriptor(
      "texts-are-utf8", "Every text of a descriptor is there and is valid UTF-8.",
      fix: "save the source as UTF-8 and give every text, \"\" where there is nothing to say"
    ) { strategy in
      let table = strategy.pointer.pointee
      var texts = [("id", table.id), ("name", table.name), ("version", table.version)]
      texts += [("summary", table.summary), ("reference", table.reference)]
      for p in 0..<Int(table.param_count) {
        texts += [("key of parameter \(p)", table.params[p]?.pointee.key)]
        texts += [("summary of parameter \(p)", table.params[p]?.pointee.summary)]
      }
      return texts.first { $0.1.flatMap { String(validatingCString: $0) } == nil }.map {
        "the \($0.0) is NULL or not valid UTF-8"
      }
    },
    descriptor(
      "id-is-well-formed",
      "An id has the letters a-z, 0-9, dot and hyphen, and no other strategy of the module has it.",
      fix: "choose an id as \"org.example.method\""
    ) { strategy in
      let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789.-".utf8)
      let isFine = !strategy.id.isEmpty && strategy.id.utf8.allSatisfy(allowed.contains)
      return isFine ? nil : "the id is \"\(strategy.id)\""
    },
    ValidationCase(
      .descriptor, "ids-are-unique", "No two strategies of a module have the same id.",
      fix: "give each strategy its own id",
      .module { module, _ throws(CaseFault) in
        var seen: Set<String> = []
        for strategy in try module.strategies() where !seen.insert(strategy.id).inserted {
          throw .broken(call: "descriptor", what: "two strategies have the id \"\(strategy.id)\"")
        }
      }),
    descriptor(
      "version-is-semantic", "The version of a strategy is three numbers, as 1.2.0, perhaps with a suffix.",
      fix: "write MAJOR.MINOR.PATCH"
    ) { strategy in
      let version = strategy.pointer.pointee.version.map { String(cString: $0) } ?? ""
      let core = version.prefix { $0 != "-" && $0 != "+" }
      let parts = core.split(separator: ".", omittingEmptySubsequences: false)
      return parts.count == 3 && parts.allSatisfy { Int($0) != nil } ? nil : "the version is \"\(version)\""
    },
    descriptor(
      "parameter-keys-are-well-formed",
      "Keys have the letters a-z, 0-9 and _, are unique, and leave the host its own: strategy, keep, include, exclude, overrides, seed, isolate, plugin_sha256.",
      fix: "rename the parameter"
    ) { strategy in
      let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789_".utf8)
      let reserved = ParameterInfo.reservedKeys
      var seen: Set<String> = []
      for key in strategy.parameters.map(\.key) {
        if key.isEmpty || !key.utf8.allSatisfy(allowed.contains) { return "a key is \"\(key)\"" }
        if reserved.contains(key) { return "the key \"\(key)\" belongs to the host" }
        if !seen.insert(key).inserted { return "the key \"\(key)\" is declared twice" }
      }
      return nil
    },
    descriptor(
      "parameter-types-are-sound",
      "Types are known, ranges are not empty, and only choices have choices, at least one.",
      fix: "set type, minimum <= maximum, and choices with choice_count for LATHE_PARAM_CHOICE"
    ) { strategy in
      for parameter in strategy.parameters {
        let what = "parameter \"\(parameter.key)\""
        if !(0...Int32(LATHE_PARAM_FLOAT_LIST)).contains(parameter.type) {
          return "\(what) has the type \(parameter.type)"
        }
        if !(parameter.minimum <= parameter.maximum) {
          return "\(what) has the range \(parameter.minimum) ... \(parameter.maximum)"
        }
        if (parameter.type == Int32(LATHE_PARAM_CHOICE)) == parameter.choices.isEmpty {
          return "\(what) has \(parameter.choices.count) choices"
        }
      }
      return nil
    },
    descriptor(
      "defaults-are-valid", "A parameter is required or has a default that it would accept from a user.",
      fix: "write the default as a user would type it, in range"
    ) { strategy in
      for parameter in strategy.parameters {
        if parameter.defaultText == nil, !parameter.isRequired {
          return "parameter \"\(parameter.key)\" is not required and has no default"
        }
        do { _ = try parameter.defaultValue() } catch {
          return
            "parameter \"\(parameter.key)\": \((error as? ParameterUnderTest.DefaultFault)?.text ?? "\(error)")"
        }
      }
      return nil
    },
    ValidationCase(
      .descriptor, "required-extensions-are-known",
      "Every required extension exists in the ABI version the module was built for.",
      fix: "take the ids from the LATHE_EXT_ macros",
      .module { module, _ throws(CaseFault) in
        for strategy in try module.strategies() {
          for id in strategy.required where !StrategyUnderTest.knownExtensions.contains(id) {
            throw .broken(
              call: "descriptor of \(strategy.id)", what: "it requires \"\(id)\", which does not exist")
          }
        }
      }),
    descriptor(
      "statistics-are-known", "declared_stats has only bits of statistics that exist.",
      fix: "set the bits 1 << LATHE_STAT_..."
    ) { strategy in
      let known = (1...UInt64(LATHE_STAT_INPUT_STACKED_GRAM)).reduce(UInt64(0)) { $0 | 1 << $1 }
      let extra = strategy.pointer.pointee.declared_stats & ~known
      return extra == 0 ? nil : "bit \(extra.trailingZeroBitCount) of declared_stats is set"
    },
    descriptor(
      "flags-are-sound",
      "Flags are those of lathe.h; a strategy that takes a budget or declares statistics also declares the extension they come through.",
      fix:
        "add lathe.budget/1 or lathe.calibration/1 to required_extensions, or drop the flag or the statistics"
    ) { strategy in
      let declared = strategy.required + strategy.optional
      let known = UInt32(
        LATHE_STRATEGY_BLOCK_PARALLEL | LATHE_STRATEGY_IN_ORDER | LATHE_STRATEGY_TAKES_BUDGET
          | LATHE_STRATEGY_TAKES_OVERRIDES)
      let flags = strategy.pointer.pointee.flags
      if flags & ~known != 0 { return "flag bit \((flags & ~known).trailingZeroBitCount) is set" }
      if strategy.takesBudget, !declared.contains(LATHE_EXT_BUDGET) {
        return "it has the flag TAKES_BUDGET and does not declare \(LATHE_EXT_BUDGET)"
      }
      if strategy.pointer.pointee.declared_stats != 0, !declared.contains(LATHE_EXT_CALIBRATION) {
        return "it declares statistics and does not declare \(LATHE_EXT_CALIBRATION)"
      }
      return nil
    },
    ValidationCase(
      .descriptor, "descriptor-is-constant",
      "A descriptor is constant data: nothing in it changes while the strategy works.",
      fix: "keep what create computes in the instance",
      .strategy { bench throws(CaseFault) in
        let before = contents(bench.strategy)
        _ = bench.attempt(bench.host(.plain, HostOptions()))
        guard contents(bench.strategy) == before else {
          throw .broken(call: "a run", what: "the descriptor's tables or texts are not what they were")
        }
      }),
  ]

  /// A case about one descriptor: `problem` says what is wrong with it.
  private static func descriptor(
    _ name: String, _ rule: String, fix: String, _ problem: @escaping @Sendable (StrategyUnderTest) -> String?
  ) -> ValidationCase {
    ValidationCase(
      .descriptor, name, rule, fix: fix,
      .module { module, _ throws(CaseFault) in
        for strategy in try module.strategies() {
          if let text = problem(strategy) { throw .broken(call: "descriptor of \(strategy.id)", what: text) }
        }
      })
  }

  /// All numbers and texts of a descriptor as one text.
  private static func contents(_ strategy: StrategyUnderTest) -> String {
    let again = StrategyUnderTest(strategy.pointer)
    let table = strategy.pointer.pointee
    let texts = [table.id, table.name, table.version, table.summary, table.reference].map { text in
      text.map { String(cString: $0) } ?? "NULL"
    }
    return
      "\(texts) \(table.flags) \(table.declared_stats) \(again.required) \(again.optional) \(again.parameters)"
  }
}
