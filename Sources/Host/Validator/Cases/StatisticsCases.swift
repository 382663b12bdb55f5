/// About what the host measures on the calibration text.
enum StatisticsCases {
  static let all: [ValidationCase] = [
    rule(
      "requests-declared-only", "Statistics that are requested have their bit set in declared_stats.",
      fix: "set the bit 1 << kind"),
    rule("requests-in-plan-only", "Statistics are requested during plan.", fix: "move the request to plan"),
    rule(
      "reads-requested-only", "What is read was requested: same kind, node or input, flags and phase.",
      fix: "request it in plan, with LATHE_STAT_FOR_ANALYZE or LATHE_STAT_FOR_COMPRESS as it is read"),
    rule(
      "statistics-of-own-block", "Only statistics of the block at hand are read.",
      fix: "keep a summary of each block in analyze"),
    rule(
      "statistics-in-their-phases", "Statistics are read during analyze and compress.",
      fix: "keep a summary in analyze for allocate and finish"),
    rule(
      "training-in-its-phases", "Trials, losses and gradients belong to allocate and finish.",
      fix: "learn in allocate, and let compress write what was learnt"),
  ]

  private static func rule(_ name: String, _ rule: String, fix: String) -> ValidationCase {
    ValidationCase(
      .statistics, name, rule, fix: fix,
      .strategy { bench throws(CaseFault) in try bench.check(name, [.plain, .emptyBlock]) })
  }
}
