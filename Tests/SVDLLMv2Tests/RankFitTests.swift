import FakeHost
import LowRank
import PluginKit
import Testing

@testable import SVDLLMv2Strategy

@Suite struct RankFitTests {
  /// `k (m + n)` elements of two bytes.
  private static let shapes = [(64, 64), (16, 64), (96, 32), (64, 64), (8, 8)]

  private static func levels(step: Int) throws -> RankLevels {
    let price = { (item: Int, rank: Int) throws(StrategyError) -> Int in
      2 * rank * (shapes[item].0 + shapes[item].1)
    }
    var items: [RankItem] = []
    for (index, shape) in shapes.enumerated() {
      let current = 2 * shape.0 * shape.1
      let limit = min(shape.0, shape.1)
      let maximum = try RankLevels.maximumRank(limit: limit, step: step, current: current) {
        (rank) throws(StrategyError) in try price(index, rank)
      }
      items.append(RankItem(current: current, maximumRank: maximum))
    }
    return RankLevels(items: items, step: step, price: price)
  }

  @Test("the largest rank is the last one whose factor pair is cheaper", arguments: [1, 4, 16])
  func theLargestRank(step: Int) throws {
    let levels = try Self.levels(step: step)
    for (item, shape) in zip(levels.items, Self.shapes) {
      let breakEven = shape.0 * shape.1
      #expect(item.maximumRank * (shape.0 + shape.1) < breakEven || item.maximumRank == 0)
      #expect((item.maximumRank + step) * (shape.0 + shape.1) >= breakEven)
      #expect(item.maximumRank % step == 0)
    }
    if step == 16 { #expect(levels.items[4].maximumRank == 0) }
  }

  @Test("the sum is never above the target and no further step fits", arguments: [1, 4, 16])
  func theBudgetIsMet(step: Int) throws {
    let levels = try Self.levels(step: step)
    let all = levels.items.map(\.current).reduce(0, +)
    let value = { (item: Int, level: Int) in 1 / Double(1 + level + item) }
    for keep in [0.12, 0.3, 0.5, 0.77, 0.95, 0.999] {
      let target = Int(keep * Double(all))
      guard let minimum = try? levels.items.indices.map({ try levels.cost($0, 0) }).reduce(0, +),
        minimum <= target
      else { continue }
      for start in [levels.items.indices.map { _ in 0 }, levels.items.indices.map { levels.top($0) }] {
        let fitted = try levels.fit(start, target: target, value: value)
        let costs = try fitted.indices.map { try levels.cost($0, fitted[$0]) }
        let slack = target - costs.reduce(0, +)
        #expect(slack >= 0)
        for item in fitted.indices where fitted[item] < levels.top(item) {
          #expect(try levels.cost(item, fitted[item] + 1) - costs[item] > slack)
        }
      }
    }
  }

  @Test("a target below the lowest ranks is refused with both numbers")
  func aTargetTooLowIsRefused() throws {
    let levels = try Self.levels(step: 1)
    let minimum = try levels.items.indices.map { try levels.cost($0, 0) }.reduce(0, +)
    let error = #expect(throws: StrategyError.self) {
      _ = try levels.fit(levels.items.indices.map { _ in 3 }, target: 100) { _, _ in 1 }
    }
    #expect(
      error?.message.contains("100 bytes") == true && error?.message.contains("\(minimum) bytes") == true)
  }
}
