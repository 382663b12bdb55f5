import PluginKit

/// Ranks for all linears under one byte target.
package struct RankAllocator {
  package let levels: RankLevels
  package let target: Int

  /// The share of each factorable linear's bytes that must go on average.
  package var removedShare: Double {
    var (fixed, open) = (0.0, 0.0)
    for (index, item) in levels.items.enumerated() {
      if levels.top(index) == 0 { fixed += Double(item.current) } else { open += Double(item.current) }
    }
    return open > 0 ? min(max(1 - (Double(target) - fixed) / open, 0), 1) : 0
  }

  /// The dearest levels within `1 - removed[i]` of item i's bytes.
  package func start(_ removed: [Double]) throws(StrategyError) -> [Int] {
    var start: [Int] = []
    for (index, item) in levels.items.enumerated() {
      start.append(try levels.level(index, within: (1 - removed[index]) * Double(item.current)))
    }
    return start
  }

  /// Nil for the present form.
  package func ranks(_ chosen: [Int]) -> [Int?] {
    chosen.indices.map { levels.rank($0, chosen[$0]) }
  }

  /// The same share of every linear; what is left over goes, rank by rank, where the share is lowest.
  ///
  /// Needs prices only, so it can be forecast.
  package func uniform() throws(StrategyError) -> [Int?] {
    let even = levels.items.map { _ in removedShare }
    return ranks(try levels.fit(start(even), target: target, value: even(item:level:)))
  }

  /// Worth more the lower the share a linear keeps; times the bytes of the step, since `fit` divides by them.
  private func even(item: Int, level: Int) -> Double {
    guard let high = try? levels.cost(item, level), let low = try? levels.cost(item, level - 1) else {
      return 0
    }
    return (1 - Double(high) / Double(max(1, levels.items[item].current))) * Double(high - low)
  }

  /// The share `keep[i]` of item i; what rounding leaves over goes, rank by rank, where a linear is furthest below
  /// its share.
  ///
  /// The shares should sum up to the target; where they do not, the same rule settles the difference.
  package func byShares(_ keep: [Double]) throws(StrategyError) -> [Int?] {
    let start = try start(keep.map { 1 - $0 })
    return ranks(
      try levels.fit(start, target: target) { item, level in
        guard let high = try? levels.cost(item, level), let low = try? levels.cost(item, level - 1) else {
          return 0
        }
        return (keep[item] - Double(high) / Double(max(1, levels.items[item].current))) * Double(high - low)
      })
  }
}
