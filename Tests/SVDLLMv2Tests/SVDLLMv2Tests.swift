import CLathe
import FakeHost
import PluginKit
import Testing

@testable import SVDLLMv2Strategy

@Suite struct SVDLLMv2Tests {
  private static func run(
    _ host: FakeHost, keep: Double, _ parameters: [String: String] = [:]
  ) throws {
    host.target = UInt64(keep * Double(host.selectedBytes))
    host.parameters = parameters
    try FakeRun(Models.module.table, on: host).all()
  }

  @Test(
    "the bytes are never above the budget and within one rank of it, and no pair is larger than dense",
    arguments: ["loss", "uniform"], [1, 2])
  func theBudgetIsMet(rule: String, step: Int) throws {
    for keep in [0.4, 0.6, 0.8, 0.95] {
      let (host, _) = Models.decoder()
      let target = Int(keep * Double(host.selectedBytes))
      let dense = host.nodes.map { $0.outFeatures * $0.inFeatures }
      try Self.run(host, keep: keep, ["allocation": rule, "rank_multiple": "\(step)"])
      let slack = target - host.selectedBytes
      #expect(slack >= 0)
      for (node, elements) in zip(host.nodes, dense) {
        let pair = step * (node.outFeatures + node.inFeatures)
        let factor = node.form[0][0]
        let isDense = node.form[0].count == 1
        if !isDense { #expect(factor.rows * (node.outFeatures + node.inFeatures) < elements) }
        if !isDense { #expect(factor.rows % step == 0) }
        let next = isDense ? Int.max : min(4 * pair, 4 * (elements - factor.rows * pair / step))
        #expect(slack < next)
      }
      #expect(host.aliveTensors == 0 && host.keptCount == 0)
    }
  }

  @Test("the mean removed share of a group is that of the model, up to rounding")
  func theGroupMeanIsKept() throws {
    let (host, _) = Models.decoder(blocks: 3)
    try Self.run(host, keep: 0.6)
    for role in 1...7 as ClosedRange<Int32> {
      let group = host.nodes.filter { $0.role == role }
      let kept = group.reduce(0) { $0 + $1.form.joined().reduce(0) { $0 + $1.values.count } }
      let all = group.reduce(0) { $0 + $1.outFeatures * $1.inFeatures }
      let rank = group[0].outFeatures + group[0].inFeatures
      #expect(abs(Double(kept) - 0.6 * Double(all)) <= Double(group.count * rank))
    }
  }

  @Test("linears that lose more keep more, within a group")
  func linearsThatLoseMoreKeepMore() throws {
    let (host, _) = Models.decoder(blocks: 2)
    try Self.run(host, keep: 0.5)
    // Block 1 has larger inputs, so larger losses.
    let ranks = host.ranks
    let pairs = (0..<7).compactMap { i in ranks[i].flatMap { a in ranks[i + 7].map { (a, $0) } } }
    #expect(pairs.map { $0.1 - $0.0 }.reduce(0, +) > 0)
  }

  @Test("the uniform forecast is what the uniform allocation gives")
  func theForecastIsUniform() throws {
    for keep in [0.45, 0.7, 0.9] {
      let (host, _) = Models.decoder()
      host.target = UInt64(keep * Double(host.selectedBytes))
      host.parameters = ["allocation": "uniform"]
      let run = try FakeRun(Models.module.table, on: host)
      for node in host.nodes.indices { try run.forecast(node) }
      try run.all()
      for (node, rank) in host.ranks.enumerated() {
        #expect(host.forecast(node).map { $0[0][0].rows } == rank)
        #expect(host.forecast(node)?.joined().allSatisfy(\.values.isEmpty) != false)
      }
    }
  }

  @Test("after allocate the forecast is what compress does")
  func theForecastFollowsTheAllocation() throws {
    let (host, _) = Models.decoder()
    host.target = UInt64(0.6 * Double(host.selectedBytes))
    let run = try FakeRun(Models.module.table, on: host)
    try run.plan()
    for block in [0, 1] as [Int32] { try run.analyze(block) }
    try run.allocate()
    for node in host.nodes.indices { try run.forecast(node) }
    for block in [0, 1] as [Int32] { try run.compress(block) }
    for (node, rank) in host.ranks.enumerated() {
      #expect(host.forecast(node).map { $0[0][0].rows } == rank)
    }
  }

  @Test("a selected linear outside the blocks stays, and the blocks pay for it")
  func aLinearOutsideTheBlocksStays() throws {
    var nodes = Models.decoder().host.nodes
    nodes.append(nodes[0])
    nodes[14].block = -1
    let host = FakeHost(nodes)
    host.target = UInt64(0.7 * Double(host.selectedBytes))
    let run = try FakeRun(Models.module.table, on: host)
    try run.plan()
    for block in [0, 1] as [Int32] { try run.analyze(block) }
    try run.allocate()
    for block in [-1, 0, 1] as [Int32] { try run.compress(block) }
    try run.forecast(14)
    #expect(host.ranks[14] == nil && host.forecast(14) == nil)
    #expect(!host.requestedNodes.contains(14))
    #expect(host.selectedBytes <= 7 * 4 * nodes.reduce(0) { $0 + $1.outFeatures * $1.inFeatures } / 10)
  }

  @Test("a target that is already met leaves everything and asks for nothing")
  func aMetTargetLeavesEverything() throws {
    let (host, _) = Models.decoder()
    let before = host.nodes.map(\.form)
    try Self.run(host, keep: 1)
    #expect(host.nodes.map(\.form) == before && host.requestedNodes.isEmpty)
  }

  @Test("a target that cannot be met is refused by plan with both numbers")
  func anImpossibleTargetIsRefused() throws {
    let (host, _) = Models.decoder()
    let minimum = host.nodes.reduce(0) { $0 + 4 * ($1.outFeatures + $1.inFeatures) }
    host.target = 1000
    let run = try FakeRun(Models.module.table, on: host)
    let refusal = #expect(throws: Refusal.self) { try run.plan() }
    #expect(refusal?.code == Int32(LATHE_ERR_INVALID))
    #expect(refusal?.message.contains("1000 bytes") == true)
    #expect(refusal?.message.contains("\(minimum) bytes") == true)
    host.target = nil
    #expect(throws: Refusal.self) { try run.plan() }
  }

  @Test("a linear that is factored already is treated through its product")
  func factoredLinearsAreRefactored() throws {
    let (host, inputs) = Models.decoder()
    try Self.run(host, keep: 0.8)
    let first = host.nodes
    try Self.run(host, keep: 0.7)
    for ((old, new), x) in zip(zip(first, host.nodes), inputs) where new.form != old.form {
      let rank = new.form[0][0].rows
      let values = (old.form.matrix * x).singularValues().s
      let tail = values[rank...].reduce(0) { $0 + $1 * $1 }.squareRoot()
      let loss = ((old.form.matrix - new.form.matrix) * x).norm
      #expect(abs(loss - tail) <= 1e-4 * (old.form.matrix * x).norm)
    }
    #expect(host.nodes.map(\.form) != first.map(\.form))
  }

  @Test("the result does not depend on the order of the blocks")
  func theOrderOfBlocksDoesNotMatter() throws {
    let forms = try [[0, 1], [1, 0]].map { (order: [Int32]) in
      let (host, _) = Models.decoder()
      host.target = UInt64(0.6 * Double(host.selectedBytes))
      let run = try FakeRun(Models.module.table, on: host)
      try run.plan()
      for block in order { try run.analyze(block) }
      try run.allocate()
      for block in order.reversed() { try run.compress(block) }
      return host.nodes.map(\.form)
    }
    #expect(forms[0] == forms[1])
  }

  @Test("statistics are asked for analyze only, and an analysis that fails names the linear")
  func statisticsAreForAnalyze() throws {
    let (host, _) = Models.decoder()
    try Self.run(host, keep: 0.6)
    #expect(host.requestFlags.allSatisfy { $0 == UInt32(LATHE_STAT_FOR_ANALYZE) })
    let broken = Models.single(Models.weight(6, 8, 1), gram: Matrix(8, 8) { _, _ in .nan })
    let refusal = #expect(throws: Refusal.self) { try Self.run(broken, keep: 0.6) }
    #expect(refusal?.code == Int32(LATHE_ERR_NUMERICAL) && refusal?.message.contains("at w;") == true)
    #expect(broken.aliveTensors == 0)
  }
}
