import CLathe
import FakeHost
import PluginKit
import Testing

@Suite struct PluginKitTests {
  static func model(blocks: Int = 3) -> FakeHost {
    FakeHost(
      (0..<blocks).map { block in
        let weight = Matrix.random(4, 6, seed: UInt64(block + 1))
        let gram = Matrix(6, 6) { $0 == $1 ? Double(block + 1) : 0 }
        return FakeNode(
          "b\(block)", role: 1, block: Int32(block), group: UInt32(block), weight: weight, gram: gram)
      })
  }

  static let module = PluginModule(
    vendor: "tests", license: "none", strategies: [Halve.self, Everything.self, Failing.self])

  private func strategy(_ index: Int) throws -> lathe_strategy {
    try #require(Self.module.table.pointee.strategies[index]?.pointee)
  }

  @Test("the module says what the descriptors say")
  func theModuleSaysWhatTheDescriptorsSay() throws {
    let module = Self.module.table.pointee
    #expect(module.abi_major == 1 && module.strategy_count == 3 && module.min_host_minor == 0)
    #expect(String(cString: module.vendor) == "tests")
    let table = try strategy(1)
    #expect(String(cString: table.id) == "test.everything")
    #expect(table.flags == UInt32(LATHE_STRATEGY_BLOCK_PARALLEL | LATHE_STRATEGY_TAKES_BUDGET))
    #expect(
      table.declared_stats == 1 << UInt64(LATHE_STAT_INPUT_GRAM) | 1 << UInt64(LATHE_STAT_BLOCK_SIMILARITY))
    #expect(table.required_extensions[2].map { String(cString: $0) } == "lathe.budget/1")
    #expect(table.required_extensions[5] == nil)
    #expect(table.param_count == 4)
    let mode = try #require(table.params[1]?.pointee)
    #expect(mode.choice_count == 2 && mode.choices[1].map { String(cString: $0) } == "b")
    #expect(mode.minimum == -.infinity)
    #expect(table.params[2]?.pointee.flags == UInt32(LATHE_PARAM_ADVANCED))
    let text = try #require(table.params[3]?.pointee)
    #expect(text.flags == UInt32(LATHE_PARAM_REQUIRED) && text.default_value == nil)
  }

  @Test("phases that a strategy does not have are NULL")
  func missingPhasesAreNull() throws {
    let host = Self.model()
    let halve = try FakeRun(Self.module.table, strategy: 0, on: host)
    #expect(halve.instance.pointee.analyze == nil && halve.instance.pointee.allocate == nil)
    #expect(halve.instance.pointee.finish == nil && halve.instance.pointee.forecast == nil)
    let everything = try FakeRun(Self.module.table, strategy: 1, on: host)
    #expect(everything.instance.pointee.analyze != nil && everything.instance.pointee.allocate != nil)
    #expect(everything.instance.pointee.finish != nil && everything.instance.pointee.forecast != nil)
  }

  @Test("a replacement arrives, and no tensor is left behind")
  func aReplacementArrives() throws {
    let host = Self.model()
    host.parameters["factor"] = "0.25"
    let before = host.nodes.map(\.form.matrix)
    try FakeRun(Self.module.table, on: host).all()
    for (old, new) in zip(before, host.nodes) {
      for (a, b) in zip(old.values, new.form.matrix.values) { #expect(Float(b) == Float(a) * 0.25) }
    }
    #expect(host.aliveTensors == 0)
  }

  @Test("summaries reach allocate in the order of the blocks, those outside the blocks last")
  func summariesAreOrdered() throws {
    var nodes = Self.model().nodes
    nodes[2].block = -1
    let host = FakeHost(nodes)
    let run = try FakeRun(Self.module.table, strategy: 1, on: host)
    try run.plan()
    for block in [-1, 1, 0] as [Int32] { try run.analyze(block) }
    try run.allocate()
    try run.compress(0)
    #expect(host.metric(nil, "order0") == 0 && host.metric(nil, "order1") == 1)
    #expect(host.metric(nil, "order2") == -1)
    #expect(host.metric(nil, "trace0") == 6 && host.metric(nil, "trace2") == 18)
    #expect(host.requestedNodes == [0, 1, 2])
    #expect(host.requestFlags.allSatisfy { $0 == UInt32(LATHE_STAT_FOR_ANALYZE) })
  }

  @Test("a forecast carries shapes and no values")
  func aForecastCarriesShapes() throws {
    let host = Self.model()
    let run = try FakeRun(Self.module.table, strategy: 1, on: host)
    try run.forecast(1)
    let form = try #require(host.forecast(1))
    #expect(form.count == 2 && form[1][0].rows == 4 && form[1][0].columns == 6 && form[1][0].values.isEmpty)
  }

  @Test("compress before allocate is refused")
  func compressBeforeAllocateIsRefused() throws {
    let run = try FakeRun(Self.module.table, strategy: 1, on: Self.model())
    let refusal = #expect(throws: Refusal.self) { try run.compress(0) }
    #expect(refusal?.code == Int32(LATHE_ERR_CONTRACT))
  }

  @Test("a parallel loop throws the error of its lowest failing piece, with or without the host's threads")
  func aParallelLoopThrows() throws {
    for missing in [[], ["lathe.parallel/1"]] as [Set<String>] {
      let host = Self.model()
      host.missing = missing
      let run = try FakeRun(Self.module.table, strategy: 2, on: host)
      let refusal = #expect(throws: Refusal.self) { try run.compress(0) }
      #expect(refusal?.code == Int32(LATHE_ERR_NUMERICAL))
      #expect(refusal?.message.hasSuffix("is singular") == true)
      if !missing.isEmpty { #expect(refusal?.message == "piece 3 is singular") }
      host.isCancelled = true
      let stopped = #expect(throws: Refusal.self) { try run.compress(0) }
      #expect(stopped?.code == Int32(LATHE_ERR_CANCELLED))
    }
  }
}
