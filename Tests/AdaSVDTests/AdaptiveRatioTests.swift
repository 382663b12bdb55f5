import CLathe
import FakeHost
import PluginKit
import Testing

@Suite struct AdaptiveRatioTests {
  private static let variants: [[String: String]] = [
    [:], ["update": "alternating"], ["target": "original", "update": "direct"],
    ["target": "shifted", "update": "direct"], ["adaptive_compensation": "false"], ["rank_multiple": "2"],
  ]

  @Test("the bytes are never above the budget, within one rank of it, and no pair is larger than dense")
  func theBudgetIsMet() throws {
    for importance in [[0.4, 0.1], [20, 1], [0, 0]] {
      for keep in [0.4, 0.6, 0.95] {
        for parameters in Self.variants {
          let host = Models.decoder(importance: importance)
          let target = Int(keep * Double(host.selectedBytes))
          let dense = host.nodes.map { $0.outFeatures * $0.inFeatures }
          try Models.run(host, keep: keep, parameters)
          let step = Int(parameters["rank_multiple"] ?? "1") ?? 1
          let slack = target - host.selectedBytes
          #expect(slack >= 0)
          for (node, elements) in zip(host.nodes, dense) {
            #expect(node.form.joined().allSatisfy { $0.values.allSatisfy(\.isFinite) })
            guard node.form[0].count == 2 else { continue }
            let (rank, width) = (node.form[0][0].rows, node.outFeatures + node.inFeatures)
            #expect(rank % step == 0 && rank * width < elements)
            #expect(slack < min(4 * step * width, 4 * (elements - rank * width)))
          }
          #expect(host.aliveTensors == 0 && host.keptCount == 0)
        }
      }
    }
  }

  @Test("blocks keep the shares of adaCR, up to rounding, and the more important keep more")
  func blocksKeepTheirShares() throws {
    let host = Models.decoder(importance: [0.4, 0.1, 0.1, 0.2])
    let dense = host.nodes.map { $0.outFeatures * $0.inFeatures }
    try Models.run(host, keep: 0.6, ["minimum_keep": "0.4"])
    let shares = try #require(host.series(nil, "block_keep"))
    #expect(host.series(nil, "block_importance") == [0.4, 0.1, 0.1, 0.2])
    #expect(zip(shares, [0.8, 0.5, 0.5, 0.6]).allSatisfy { abs($0 - $1) < 1e-3 })
    for (block, share) in shares.enumerated() {
      let own = host.nodes.indices.filter { host.nodes[$0].block == Int32(block) }
      let kept = own.reduce(0) { $0 + host.nodes[$1].form.joined().reduce(0) { $0 + $1.values.count } }
      let all = own.reduce(0) { $0 + dense[$1] }
      #expect(abs(Double(kept) - share * Double(all)) <= Double(own.count * 32))
    }
  }

  @Test("a block whose share is 1 stays dense at dense cost")
  func aFullBlockStaysDense() throws {
    let host = Models.decoder(importance: [100, 1, 1, 1])
    try Models.run(host, keep: 0.6, ["minimum_keep": "0.3"])
    #expect(host.ranks.prefix(7).allSatisfy { $0 == nil })
    #expect(host.ranks.dropFirst(7).allSatisfy { $0 != nil })
  }

  @Test("after allocate the forecast is what compress does; before, equal shares")
  func theForecastFollows() throws {
    let host = Models.decoder(importance: [0.5, 0.1])
    host.target = UInt64(0.6 * Double(host.selectedBytes))
    let run = try FakeRun(Models.module.table, on: host)
    try run.plan()
    for node in host.nodes.indices { try run.forecast(node) }
    let before = host.nodes.indices.map { host.forecast($0)?[0][0].rows }
    for block in [0, 1] as [Int32] { try run.analyze(block) }
    try run.allocate()
    for node in host.nodes.indices { try run.forecast(node) }
    for block in [0, 1] as [Int32] { try run.compress(block) }
    #expect(host.ranks == host.nodes.indices.map { host.forecast($0)?[0][0].rows })
    let difference = zip(before.prefix(7), before.dropFirst(7)).map { abs(($0 ?? 99) - ($1 ?? 99)) }
    #expect(difference.allSatisfy { $0 <= 1 } && before != host.ranks)
  }

  @Test(
    "stacks are of shifted inputs: with another target they are refused", arguments: ["between", "original"])
  func stacksAreShifted(target: String) throws {
    let host = Models.decoder(importance: [1, 2])
    #expect(throws: (any Error).self) { try Models.run(host, keep: 0.6, ["stack": "2", "target": target]) }
    #expect(host.failure?.message.contains("stack") == true)
  }

  @Test("only what is read is asked for")
  func requestsAreMinimal() throws {
    let gram = Int32(LATHE_STAT_INPUT_GRAM)
    let cases: [([String: String], Set<Int32>)] = [
      (["adaptive_ratio": "false", "adaptive_compensation": "false"], [gram]),
      (["adaptive_ratio": "false", "update": "direct", "target": "shifted"], [gram]),
      (["update": "direct", "target": "shifted"], [gram, Int32(LATHE_STAT_BLOCK_SIMILARITY)]),
      (
        ["update": "direct", "target": "original"],
        [gram, Int32(LATHE_STAT_BLOCK_SIMILARITY), Int32(LATHE_STAT_INPUT_CROSS_GRAM)]
      ),
      (
        ["adaptive_ratio": "false", "update": "direct", "target": "shifted", "stack": "8"],
        [Int32(LATHE_STAT_INPUT_STACKED_GRAM)]
      ),
    ]
    for (parameters, kinds) in cases {
      let host = Models.decoder(importance: [1, 2])
      try Models.run(host, keep: 0.6, parameters)
      #expect(Set(host.requestedKinds) == kinds)
    }
    let met = Models.decoder(importance: [1, 2])
    try Models.run(met, keep: 1)
    #expect(met.requestedKinds.isEmpty && met.ranks.allSatisfy { $0 == nil })
  }
}
