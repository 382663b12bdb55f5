import CLathe
import FakeHost
import PluginKit
import Synchronization
import Testing

@testable import SoCoStrategy

@Suite struct SoCoTests {
  static let quick = ["steps": "30", "interval": "3", "curvature_windows": "6", "batch": "2"]

  static func run(
    _ host: FakeHost, keep: Double, _ parameters: [String: String] = [:]
  ) throws {
    host.target = UInt64(keep * Double(host.selectedBytes))
    host.parameters = quick.merging(parameters) { $1 }
    try FakeRun(Models.module.table, on: host).all()
  }

  static func loss(_ host: FakeHost, like original: FakeHost) -> Double {
    let biases = host.nodes.enumerated().compactMap { node in node.element.bias.map { (node.offset, $0) } }
    return LayerwiseTeacher(nodes: original.nodes, offset: 0.1)
      .loss(host.nodes.map(\.form), Dictionary(uniqueKeysWithValues: biases))
  }

  @Test(
    "the bytes are never above the budget and within one rank of it, and no pair is larger than dense",
    arguments: ["global", "per-type"], [1, 2])
  func theBudgetIsMet(scope: String, step: Int) throws {
    for keep in [0.5, 0.6, 0.8, 0.95] {
      let host = Models.decoder()
      let target = Int(keep * Double(host.selectedBytes))
      let dense = host.nodes.map { $0.outFeatures * $0.inFeatures }
      try Self.run(host, keep: keep, ["threshold": scope, "rank_multiple": "\(step)", "steps": "12"])
      let slack = target - host.selectedBytes
      #expect(slack >= 0)
      for (node, elements) in zip(host.nodes, dense) {
        let factor = node.form[0][0]
        guard node.form[0].count > 1 else { continue }
        let rank = node.outFeatures + node.inFeatures
        #expect(factor.rows * rank < elements && factor.rows % step == 0)
        #expect(slack < min(4 * step * rank, 4 * (elements - factor.rows * rank)))
      }
      #expect(host.keptCount == 1 && host.aliveTensors == 1)
    }
  }

  @Test("at scale 1 and full rank the trials are the weights", arguments: ["whitened", "plain"])
  func theStartIsTheIdentity(basis: String) throws {
    let host = Models.decoder()
    let weights = host.nodes.map(\.form.matrix)
    let first = Mutex<[Matrix]>([])
    let inner = host.training
    host.training = FakeTraining(calibrationCount: 6, heldOutCount: 2) { call in
      first.withLock { if $0.isEmpty { $0 = call.forms.map(\.matrix) } }
      return inner?.loss(call) ?? FakeLoss(nextToken: 0)
    }
    try Self.run(host, keep: 0.6, ["basis": basis])
    let seen = first.withLock { $0 }
    for (trial, weight) in zip(seen, weights) { #expect((trial - weight).norm <= 1e-5 * weight.norm) }
    #expect(seen.count == weights.count)
  }

  @Test("of linears of one shape, the components of the greatest worth stay")
  func theWorthiestStay() throws {
    let gram = Matrix.identity(16)
    let nodes = (0..<4).map { i in
      // Orthogonal directions of known size: node i has the singular values (i + 1) 2^-j.
      let weight = Matrix(16, 16) { $0 == $1 ? Double(i + 1) / Double(1 << $0) : 0 }
      return FakeNode("\(i)", role: Int32(i + 1), block: 0, group: UInt32(i), weight: weight, gram: gram)
    }
    let host = Models.host(nodes)
    host.target = UInt64(9 * 4 * 32)
    host.parameters = ["steps": "0", "curvature_windows": "3"]
    try FakeRun(Models.module.table, on: host).all()
    let worth = (0..<4).flatMap { i in
      (0..<16).map { j in (node: i, value: Double(i + 1) / Double(1 << j)) }
    }.sorted { $0.value > $1.value }
    let best = worth.prefix(9)
    for (i, rank) in host.ranks.enumerated() { #expect(rank == best.count { $0.node == i }) }
  }

  @Test("training lowers the loss at the same bytes, and the deviation lowers it further")
  func trainingHelps() throws {
    let original = Models.decoder()
    var losses: [Double] = []
    for parameters in [["steps": "0"], ["deviation": "false"], [:]] {
      let host = Models.decoder()
      try Self.run(host, keep: 0.6, parameters.merging(["basis": "plain"]) { $1 })
      losses.append(Self.loss(host, like: original))
    }
    #expect(losses[1] < losses[0])
    #expect(losses[2] < losses[1])
  }

  @Test("what is gone stays gone: in the last phase no scale is 0 and the ranks are those of the result")
  func theLastPhaseIsDecisive() throws {
    let host = Models.decoder()
    let last = Mutex<[FakeForm]>([])
    let inner = host.training
    host.training = FakeTraining(calibrationCount: 6, heldOutCount: 2) { call in
      if call.references != nil { last.withLock { $0 = call.forms } }
      return inner?.loss(call) ?? FakeLoss(nextToken: 0)
    }
    try Self.run(host, keep: 0.6)
    let forms = last.withLock { $0 }
    for (form, rank) in zip(forms, host.ranks) {
      #expect(form[0].count == 3 && form[0][1].values.allSatisfy { $0 > 0 })
      if let rank { #expect(form[0][1].values.count == rank) }
    }
  }

  @Test("the same seed gives the same numbers, another seed others")
  func theSeedDecides() throws {
    let forms = try [7, 7, 8].map { (seed: UInt64) in
      let host = Models.decoder()
      host.seed = seed
      try Self.run(host, keep: 0.6)
      return host.nodes.map(\.form)
    }
    #expect(forms[0] == forms[1])
    #expect(forms[0] != forms[2])
  }

  @Test("a target that is already met trains nothing")
  func aMetTargetTrainsNothing() throws {
    let host = Models.decoder()
    let before = host.nodes.map(\.form)
    host.training = FakeTraining { _ in
      Issue.record("a loss was asked for")
      return FakeLoss(nextToken: 0)
    }
    try Self.run(host, keep: 1)
    #expect(host.nodes.map(\.form) == before && host.requestedNodes.isEmpty)
  }

  @Test("a target below one component everywhere is refused by plan with both numbers")
  func anImpossibleTargetIsRefused() throws {
    let host = Models.decoder()
    let minimum = host.nodes.reduce(0) { $0 + 4 * ($1.outFeatures + $1.inFeatures) }
    host.target = 100
    let run = try FakeRun(Models.module.table, on: host)
    let refusal = #expect(throws: Refusal.self) { try run.plan() }
    #expect(refusal?.code == Int32(LATHE_ERR_INVALID))
    #expect(refusal?.message.contains("100 bytes") == true)
    #expect(refusal?.message.contains("\(minimum) bytes") == true)
  }

  @Test("shares of phases that leave nothing to settle are refused")
  func phasesLeaveSomething() throws {
    let host = Models.decoder()
    host.parameters = ["compress": "0.6", "refine": "0.6"]
    #expect(throws: Refusal.self) { try FakeRun(Models.module.table, on: host) }
  }

  @Test("after allocate the forecast is what compress does")
  func theForecastFollowsTheTraining() throws {
    let host = Models.decoder()
    host.target = UInt64(0.6 * Double(host.selectedBytes))
    host.parameters = Self.quick
    let run = try FakeRun(Models.module.table, on: host)
    try run.plan()
    for block in [0, 1] as [Int32] { try run.analyze(block) }
    try run.allocate()
    for node in host.nodes.indices { try run.forecast(node) }
    for block in [1, 0] as [Int32] { try run.compress(block) }
    for (node, rank) in host.ranks.enumerated() {
      #expect(host.forecast(node).map { $0[0][0].rows } == rank)
    }
  }

  @Test("a linear outside the blocks stays, and a linear that is not selected, too")
  func othersStay() throws {
    var nodes = Models.decoder().nodes
    nodes.append(nodes[0])
    nodes[14].block = -1
    nodes[3].isSelected = false
    let host = Models.host(nodes)
    let before = nodes.map(\.form)
    let target = UInt64(0.7 * Double(host.selectedBytes))
    try Self.run(host, keep: 0.7)
    #expect(host.nodes[14].form == before[14] && host.nodes[3].form == before[3])
    #expect(host.nodes[14].bias == nil && host.nodes[3].bias == nil)
    #expect(host.selectedBytes <= target)
  }

  @Test("a linear that is factored already, or quantised, can be trained and cut")
  func otherFormsAreTrained() throws {
    let host = Models.decoder()
    let original = Models.decoder()
    try Self.run(host, keep: 0.8)
    let again = Models.host(host.nodes)
    try Self.run(again, keep: 0.7)
    #expect(again.selectedBytes <= 7 * host.selectedBytes / 10)
    #expect(Self.loss(again, like: original).isFinite)
  }
}
