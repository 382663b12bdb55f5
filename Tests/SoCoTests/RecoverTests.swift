import CLathe
import FakeHost
import PluginKit
import Testing

@testable import SoCoStrategy

@Suite struct RecoverTests {
  /// q factored, k dense, v quantised and factored, all others dense; and what they should be.
  private static func factored() -> (host: FakeHost, original: [FakeNode]) {
    let original = Models.decoder(blocks: 1).nodes
    var nodes = original
    for (index, rank) in [(0, 3), (2, 2)] {
      let weight = original[index].form.matrix
      let a = Models.weight(weight.rows, rank, UInt64(50 + index))
      let b = Matrix(rank, weight.columns) { i, j in
        Double(Float((a.transposed * weight)[i, j] / Double(weight.rows)))
      }
      nodes[index].form = [[FakeFactor(b), FakeFactor(a)]]
    }
    var codes = nodes[2].form[0][0]
    codes.storage = .quantized(bits: 4, groupSize: 4)
    codes.scales = [0.5, 0.25, 0.125, 1]
    codes.values = (0..<16).map { Double($0) }
    nodes[2].form[0][0] = codes
    let host = FakeHost(nodes)
    let teacher = LayerwiseTeacher(nodes: original, offset: 0.1)
    host.training = FakeTraining(calibrationCount: 6, heldOutCount: 2) { teacher.answer($0) }
    return (host, original)
  }

  private static func run(_ host: FakeHost, _ parameters: [String: String] = [:]) throws {
    host.parameters = SoCoTests.quick.merging(parameters) { $1 }
    try FakeRun(Models.module.table, strategy: 1, on: host).all()
  }

  private static func loss(_ host: FakeHost, _ original: [FakeNode]) -> Double {
    let biases = host.nodes.enumerated().compactMap { node in node.element.bias.map { (node.offset, $0) } }
    return LayerwiseTeacher(nodes: original, offset: 0.1)
      .loss(host.nodes.map(\.form), Dictionary(uniqueKeysWithValues: biases))
  }

  @Test("the loss falls, shapes and dense layers stay")
  func theLossFalls() throws {
    let (host, original) = Self.factored()
    let before = (loss: Self.loss(host, original), nodes: host.nodes)
    try Self.run(host)
    #expect(Self.loss(host, original) < before.loss)
    for (index, (new, old)) in zip(host.nodes, before.nodes).enumerated() {
      #expect(
        new.form.map { $0.map { [$0.rows, $0.columns] } }
          == old.form.map { $0.map { [$0.rows, $0.columns] } })
      guard index != 0, index != 2 else { continue }
      #expect(new.form == old.form && new.bias == nil)
    }
    #expect(host.keptCount == 1 && host.aliveTensors == 1)
  }

  @Test("a quantised factor keeps its codes; only its scales change")
  func codesStay() throws {
    let (host, _) = Self.factored()
    let before = host.nodes[2].form[0][0]
    try Self.run(host)
    let after = host.nodes[2].form[0][0]
    #expect(after.values == before.values && after.storage == before.storage)
    #expect(after.scales != before.scales)
    // Both groups of a row by the same factor.
    for row in 0..<2 {
      let ratios = (0..<2).map { after.scales[2 * row + $0] / before.scales[2 * row + $0] }
      #expect(abs(ratios[0] - ratios[1]) < 1e-6 && ratios[0] > 0)
    }
  }

  @Test("the divergence is from the original model, and a model that is its own original is refused")
  func theOriginalIsTheTeacher() throws {
    let (host, original) = Self.factored()
    let teacher = LayerwiseTeacher(nodes: original, offset: 0.1)
    host.training = FakeTraining(calibrationCount: 6, heldOutCount: 2) { call in
      var answer = teacher.answer(call)
      if !call.fromOriginal { answer.divergence = 0 }
      return answer
    }
    try Self.run(host)
    let loss = try #require(host.series(nil, "training_loss"))
    #expect(loss.allSatisfy { $0 > 0 })
    // A store without a journal: a run that was begun is not asked again.
    let alone = Self.factored().host
    alone.training = FakeTraining(calibrationCount: 6, heldOutCount: 2) { _ in FakeLoss(nextToken: 1) }
    let refusal = #expect(throws: Refusal.self) { try Self.run(alone) }
    #expect(refusal?.code == Int32(LATHE_ERR_INVALID) && refusal?.message.contains("recover") == true)
  }

  @Test("without steps nothing changes, and dense layers get a bias only when asked for")
  func nothingWithoutSteps() throws {
    let (host, _) = Self.factored()
    let before = host.nodes.map(\.form)
    try Self.run(host, ["steps": "0"])
    #expect(host.nodes.map(\.form) == before && host.nodes.allSatisfy { $0.bias == nil })
    try Self.run(host, ["dense": "true"])
    #expect(host.nodes.allSatisfy { $0.bias != nil })
    #expect(host.nodes[1].form == before[1])
  }

  @Test("a model without factored layers is left alone")
  func denseModelsStay() throws {
    let host = Models.decoder()
    let before = host.nodes.map(\.form)
    try Self.run(host)
    #expect(host.nodes.map(\.form) == before)
  }
}
