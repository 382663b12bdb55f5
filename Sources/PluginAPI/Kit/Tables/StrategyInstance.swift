import CLathe
import Synchronization

/// One created strategy, without its type: C functions cannot be generic.
class StrategyInstance {
  var hasAnalyze: Bool { false }
  var hasAllocate: Bool { false }
  var hasFinish: Bool { false }
  var hasForecast: Bool { false }
  func plan(_ call: HostCall) throws(StrategyError) {}
  func analyze(_ call: HostCall, _ block: Int32) throws(StrategyError) {}
  func allocate(_ call: HostCall) throws(StrategyError) {}
  func compress(_ call: HostCall, _ block: Int32) throws(StrategyError) {}
  func finish(_ call: HostCall) throws(StrategyError) {}
  func forecast(_ call: HostCall, _ node: lathe_node) throws(StrategyError) {}
}

/// Files what the phases of one strategy return.
final class TypedInstance<Strategy: CompressionStrategy>: StrategyInstance {
  private struct Results {
    var summaries: [Int32: Strategy.Summary] = [:]
    var allocation: Strategy.Allocation?
  }

  private let strategy: Strategy
  private let results = Mutex(Results())

  init(_ parameters: borrowing Parameters) throws(StrategyError) {
    strategy = try Strategy(parameters)
  }

  override var hasAnalyze: Bool { Strategy.Summary.self != Void.self }
  override var hasAllocate: Bool { Strategy.Allocation.self != Void.self }
  override var hasFinish: Bool { strategy is any FinishingStrategy }
  override var hasForecast: Bool { strategy is any ForecastingStrategy }

  override func plan(_ call: HostCall) throws(StrategyError) {
    try strategy.plan(ModelView(call: call), Requests(call: call))
  }

  override func analyze(_ call: HostCall, _ block: Int32) throws(StrategyError) {
    let summary = try strategy.analyze(BlockView(call: call, block: Self.index(block)))
    results.withLock { $0.summaries[block] = summary }
  }

  override func allocate(_ call: HostCall) throws(StrategyError) {
    let filed = results.withLock { $0.summaries }
    let order = filed.keys.sorted { UInt32(bitPattern: $0) < UInt32(bitPattern: $1) }
    let allocation = try strategy.allocate(order.compactMap { filed[$0] }, ModelView(call: call))
    results.withLock { $0.allocation = allocation }
  }

  override func compress(_ call: HostCall, _ block: Int32) throws(StrategyError) {
    try strategy.compress(BlockEditor(call: call, block: Self.index(block)), allocation("compress"))
  }

  override func finish(_ call: HostCall) throws(StrategyError) {
    guard let finishing = strategy as? any FinishingStrategy else { return }
    try Self.finish(finishing, call, allocation("finish"))
  }

  private static func finish<F: FinishingStrategy>(
    _ strategy: F, _ call: HostCall, _ allocation: Strategy.Allocation
  ) throws(StrategyError) {
    guard let allocation = allocation as? F.Allocation else { return }
    try strategy.finish(ModelEditor(call: call), allocation)
  }

  override func forecast(_ call: HostCall, _ node: lathe_node) throws(StrategyError) {
    guard let forecasting = strategy as? any ForecastingStrategy else { return }
    guard let node = try ModelView(call: call).node(node) else { return }
    try Self.forecast(forecasting, NodeForecast(call: call, node: node), results.withLock { $0.allocation })
  }

  private static func forecast<F: ForecastingStrategy>(
    _ strategy: F, _ node: borrowing NodeForecast, _ allocation: Strategy.Allocation?
  ) throws(StrategyError) {
    try strategy.forecast(node, allocation as? F.Allocation)
  }

  private func allocation(_ phase: String) throws(StrategyError) -> Strategy.Allocation {
    if let nothing = () as? Strategy.Allocation { return nothing }
    guard let allocation = results.withLock({ $0.allocation }) else {
      throw StrategyError(.contract, "the host called \(phase) before allocate")
    }
    return allocation
  }

  private static func index(_ block: Int32) -> Int? { block < 0 ? nil : Int(block) }
}
