/// About the floating-point environment.
enum FloatingPointCases {
  static let all: [ValidationCase] = [
    rule(
      "rounding-mode-kept", "A call leaves rounding to nearest as it found it.",
      fix: "restore the mode with fesetround before returning"),
    rule(
      "denormals-kept", "A call leaves denormals on: neither FTZ nor DAZ is set when it returns.",
      fix: "do not set MXCSR, or restore it before returning; build without -ffast-math"),
  ]

  private static func rule(_ name: String, _ rule: String, fix: String) -> ValidationCase {
    ValidationCase(
      .floatingPoint, name, rule, fix: fix,
      .strategy { bench throws(CaseFault) in try bench.check(name, [.plain, .bf16]) })
  }
}
