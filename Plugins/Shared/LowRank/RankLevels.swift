import PluginKit

/// One linear that competes for bytes.
///
/// Its levels, from cheap to dear: the rank `step`, `2 step`, ..., `maximumRank`, and last its form as it is. A
/// linear for which no factor pair is cheaper than its present form has only the last level.
package struct RankItem: Sendable, Hashable {
  /// Bytes of its present form.
  package let current: Int
  /// A multiple of the rank step; 0 where no factor pair pays.
  package let maximumRank: Int

  package init(current: Int, maximumRank: Int) {
    self.current = current
    self.maximumRank = maximumRank
  }

  package func topLevel(step: Int) -> Int { maximumRank / step }
}

/// Prices and ranks of every level of every item.
package struct RankLevels {
  package let items: [RankItem]
  package let step: Int
  /// Bytes of a factor pair, not falling with the rank.
  private let price: (_ item: Int, _ rank: Int) throws(StrategyError) -> Int

  package init(items: [RankItem], step: Int, price: @escaping (Int, Int) throws(StrategyError) -> Int) {
    self.items = items
    self.step = step
    self.price = price
  }

  package func top(_ item: Int) -> Int { items[item].topLevel(step: step) }

  /// Nil for the present form.
  package func rank(_ item: Int, _ level: Int) -> Int? { level < top(item) ? (level + 1) * step : nil }

  package func cost(_ item: Int, _ level: Int) throws(StrategyError) -> Int {
    guard let rank = rank(item, level) else { return items[item].current }
    return try price(item, rank)
  }

  /// The dearest level that costs no more than `bytes`, else the cheapest.
  package func level(_ item: Int, within bytes: Double) throws(StrategyError) -> Int {
    var (low, high) = (0, top(item))
    while low < high {
      let middle = (low + high + 1) / 2
      if Double(try cost(item, middle)) <= bytes { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// The largest multiple of `step` up to `limit` whose factor pair is cheaper than `current` bytes; 0 if none is.
  package static func maximumRank(
    limit: Int, step: Int, current: Int, price: (Int) throws(StrategyError) -> Int
  ) throws(StrategyError) -> Int {
    var (low, high) = (0, limit / step)
    while low < high {
      let middle = (low + high + 1) / 2
      if try price(middle * step) < current { low = middle } else { high = middle - 1 }
    }
    return low * step
  }
}
