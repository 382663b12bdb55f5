import LowRank
import PluginKit

/// Whether one threshold serves the whole model or each role has its own.
enum ThresholdScope: String, CaseIterable, Sendable {
  case global
  case perType = "per-type"
}

/// What the components of one linear are worth.
struct ScoredItem: Sendable {
  let role: Role
  /// Of each component, not negative: what the loss would rise by without it.
  let scores: [Double]

  /// Indices of the components, the most valuable first, ties to the lower index.
  var order: [Int] {
    scores.indices.sorted { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
  }
}

extension RankAllocator {
  /// Keeps every component whose worth per byte is at least one threshold, the lowest for which the bytes fit; what
  /// is left over is spent on single components in the order of their worth. Nil for a linear that stays as it is.
  ///
  /// A linear for which a factor pair of the components above the threshold would not pay stays dense, with all of
  /// them. Every factored linear keeps at least one component.
  func byScores(_ items: [ScoredItem], scope: ThresholdScope) throws(StrategyError) -> [Int?] {
    let sums = items.map { Self.sums($0) }
    let densities = try densities(items)
    var start = levels.items.map { _ in 0 }
    for group in groups(items, scope) {
      try threshold(group, densities, share: share(of: group), into: &start)
    }
    return ranks(
      try levels.fit(start, target: target) { item, level in
        let (low, sum) = (level * levels.step, sums[item])
        let high = level == levels.top(item) ? sum.count - 1 : low + levels.step
        return sum[min(high, sum.count - 1)] - sum[min(low, sum.count - 1)]
      })
  }

  /// Worth of the k best components, for k from 0.
  private static func sums(_ item: ScoredItem) -> [Double] {
    item.order.reduce(into: [0]) { $0.append($0[$0.count - 1] + item.scores[$1]) }
  }

  /// Worth per byte of every component, descending.
  private func densities(_ items: [ScoredItem]) throws(StrategyError) -> [[Double]] {
    var result: [[Double]] = []
    for (index, item) in items.enumerated() {
      let most = levels.items[index].maximumRank
      guard most > 0 else {
        result.append([])
        continue
      }
      let price = try levels.cost(index, levels.top(index) - 1) / most
      result.append(item.order.map { item.scores[$0] / Double(max(1, price)) })
    }
    return result
  }

  private func groups(_ items: [ScoredItem], _ scope: ThresholdScope) -> [[Int]] {
    let open = items.indices.filter { levels.top($0) > 0 }
    switch scope {
    case .global: return [open]
    case .perType:
      return Role.allCases.map { role in open.filter { items[$0].role == role } }.filter { !$0.isEmpty }
    }
  }

  /// The bytes that a group may take: its share of what the linears without a choice leave.
  private func share(of group: [Int]) -> Double {
    (1 - removedShare) * group.reduce(0) { $0 + Double(levels.items[$1].current) }
  }

  /// The levels above the lowest threshold within `share` bytes.
  private func threshold(
    _ group: [Int], _ densities: [[Double]], share: Double, into start: inout [Int]
  ) throws(StrategyError) {
    let candidates = group.flatMap { densities[$0] }.sorted(by: >)
    var (low, high) = (0, candidates.count)
    while low < high {
      let middle = (low + high + 1) / 2
      var bytes = 0
      for item in group {
        bytes += try levels.cost(item, level(item, densities[item], candidates[middle - 1]))
      }
      if Double(bytes) <= share { low = middle } else { high = middle - 1 }
    }
    guard low > 0 else { return }
    for item in group { start[item] = level(item, densities[item], candidates[low - 1]) }
  }

  /// The level of the components of worth `threshold` and more.
  private func level(_ item: Int, _ densities: [Double], _ threshold: Double) -> Int {
    let count = densities.prefix { $0 >= threshold }.count
    if count > levels.items[item].maximumRank { return levels.top(item) }
    return max(0, min(count / levels.step - 1, levels.top(item) - 1))
  }
}
