import PluginKit

extension RankLevels {
  /// Moves levels one step at a time until the sum of costs is at most `target` and no further step fits.
  ///
  /// `value(item, level)` is what the step from `level - 1` to `level` is worth. While the sum is too large the step
  /// with the least value per byte is taken back; then the step with the most value per byte that still fits is
  /// made, ties to the lower index. Throws where even the lowest levels cost more than `target`.
  ///
  /// Giving at most one step to each item in turn was measured and is mostly worse (docs/METHODS.md).
  package func fit(
    _ start: [Int], target: Int, value: (_ item: Int, _ level: Int) -> Double
  ) throws(StrategyError) -> [Int] {
    var levels = start
    var costs: [Int] = []
    for item in items.indices { costs.append(try cost(item, levels[item])) }
    var total = costs.reduce(0, +)

    var down: [Step?] = []
    for item in items.indices { down.append(try step(item, to: levels[item], value)) }
    while total > target {
      guard let item = Self.best(down, where: { $0.density < $1.density }), let step = down[item] else {
        throw .budgetTooSmall(target: target, minimum: total)
      }
      levels[item] -= 1
      costs[item] -= step.bytes
      total -= step.bytes
      down[item] = try self.step(item, to: levels[item], value)
    }

    var up: [Step?] = []
    for item in items.indices { up.append(try step(item, to: levels[item] + 1, value)) }
    while true {
      let slack = target - total
      let fitting = up.map { $0.flatMap { $0.bytes <= slack ? $0 : nil } }
      guard let item = Self.best(fitting, where: { $0.density > $1.density }), let step = up[item] else {
        return levels
      }
      levels[item] += 1
      total += step.bytes
      up[item] = try self.step(item, to: levels[item] + 1, value)
    }
  }

  private struct Step {
    let bytes: Int
    let density: Double
  }

  /// The step that ends at `level`, nil where there is none.
  private func step(
    _ item: Int, to level: Int, _ value: (Int, Int) -> Double
  ) throws(StrategyError) -> Step? {
    guard level > 0, level <= top(item) else { return nil }
    let bytes = try cost(item, level) - cost(item, level - 1)
    guard bytes > 0 else { return Step(bytes: 0, density: .infinity) }
    return Step(bytes: bytes, density: value(item, level) / Double(bytes))
  }

  private static func best(_ steps: [Step?], where isBetter: (Step, Step) -> Bool) -> Int? {
    var best: (index: Int, step: Step)?
    for (index, step) in steps.enumerated() {
      guard let step else { continue }
      if best.map({ isBetter(step, $0.step) }) ?? true { best = (index, step) }
    }
    return best?.index
  }
}

extension StrategyError {
  package static func budgetTooSmall(target: Int, minimum: Int) -> StrategyError {
    StrategyError(
      .invalid,
      "the budget of \(target) bytes for the selected linears is below the \(minimum) bytes that the lowest rank "
        + "everywhere takes; raise keep")
  }
}
