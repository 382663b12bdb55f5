import CLathe
import FakeHost
import PluginKit
import Synchronization
import Testing

/// Learns a diagonal before and a bias after the weight of the first node, by plain gradient descent.
private struct Learn: CompressionStrategy, FinishingStrategy {
  static let descriptor = StrategyDescriptor(
    id: "test.learn", name: "Learn", version: "1.0.0", summary: "learns", requires: [.graph, .training])

  init(_ parameters: borrowing Parameters) throws(StrategyError) {}

  func allocate(_ summaries: [Void], _ model: borrowing ModelView) throws(StrategyError) -> [Float] {
    let node = try model.selectedNodes()[0]
    let diagonal = try model.newVector(Float.self, count: node.inFeatures)
    let shape = MatrixShape(rows: node.inFeatures, columns: node.inFeatures, storage: .diagonal)
    let references: [FactorReference] = [FactorReference(node, factor: 0, shape: shape), .bias(of: node)]
    let values = try model.newNumbers(of: references)
    let gradients = try model.newNumbers(of: references)
    let weight = try model.form(of: node).terms[0][0]
    try model.setTrial(
      node,
      LinearForm(
        terms: [[.diagonal(diagonal), weight]],
        bias: model.newVector(Float.self, count: node.outFeatures)))
    let batches = Array(0..<(try model.batchCount(.calibration)))
    for step in 0..<3 {
      let loss = try model.lossAndGradients(
        .calibration, batches, LossWeights(nextToken: 2, divergence: 1), into: gradients)
      model.report("loss\(step)", loss.total)
      for index in 0..<references.count {
        let gradient = gradients.array(index)
        values.withMutableValues(index) { values in
          for i in values.indices { values[i] -= gradient[i] / 4 }
        }
      }
      try model.setTrialValues(values)
    }
    let heldOut = try model.loss(.heldOut, [0], LossWeights(divergence: 0, sampledTargets: true))
    model.report("held_out", heldOut.nextToken)
    model.report("divergence", heldOut.divergence)
    return values.array(0) + values.array(1)
  }

  func compress(_ block: borrowing BlockEditor, _ allocation: [Float]) throws(StrategyError) {
    for (index, value) in allocation.enumerated() { block.report("value\(index)", Double(value)) }
  }

  func finish(_ model: borrowing ModelEditor, _ allocation: [Float]) throws(StrategyError) {
    _ = try model.loss(.calibration, [0], LossWeights())
  }
}

@Suite struct TrainingTests {
  private static let module = PluginModule(vendor: "tests", license: "none", strategies: [Learn.self])

  /// `sum (d - 1)^2 + sum (b + 2)^2` over all numbers, each with the step that halves the distance.
  private static func quadratic(_ call: FakeTrainingCall) -> FakeLoss {
    guard let bias = call.biases[0] else { return FakeLoss(nextToken: -1) }
    let diagonal = call.forms[0][0][0].values
    let gradients = call.references?.map { reference in
      reference.factor == nil ? bias.map { 2 * ($0 + 2) } : diagonal.map { 2 * ($0 - 1) }
    }
    let loss = diagonal.reduce(0) { $0 + ($1 - 1) * ($1 - 1) } + bias.reduce(0) { $0 + ($1 + 2) * ($1 + 2) }
    return FakeLoss(nextToken: loss, divergence: 1, gradients: gradients ?? [])
  }

  @Test("trials, values and gradients cross the boundary, and trials end with the call")
  func aStrategyLearns() throws {
    let host = PluginKitTests.model()
    let calls = Mutex<[FakeTrainingCall]>([])
    host.training = FakeTraining(calibrationCount: 3, heldOutCount: 1) { call in
      calls.withLock { $0.append(call) }
      return Self.quadratic(call)
    }
    let run = try FakeRun(Self.module.table, on: host)
    try run.all()
    try run.finish()
    // Six entries at distance 1 from their goal, four at distance 2; every step halves it.
    #expect(host.metric(nil, "loss0") == 2 * 22 + 1 && host.metric(nil, "loss1") == 2 * 5.5 + 1)
    #expect(host.metric(nil, "value0") == 0.875 && host.metric(nil, "value9") == -1.75)
    #expect(host.metric(nil, "held_out") == 22.0 / 64 && host.metric(nil, "divergence") == 0)
    let seen = calls.withLock { $0 }
    #expect(seen.map(\.set) == [0, 0, 0, 1, 0] && seen[0].batches == [0, 1, 2])
    #expect(seen.map(\.sampledTargets) == [false, false, false, true, false])
    #expect(seen[0].references == [FakeReference(node: 0, factor: 0), FakeReference(node: 0, factor: nil)])
    #expect(seen[4].biases.isEmpty && seen[4].forms[0].count == 1 && seen[4].references == nil)
    #expect(host.aliveTensors == 0)
  }

  @Test("a host without training says so in a sentence")
  func aHostWithoutTraining() throws {
    for change in [{ $0.missing = ["lathe.training/1"] }, { $0.sizes["lathe.training/1"] = 40 }]
      as [(FakeHost) -> Void]
    {
      let host = PluginKitTests.model()
      host.training = FakeTraining(loss: Self.quadratic)
      change(host)
      let refusal = #expect(throws: Refusal.self) {
        let run = try FakeRun(Self.module.table, on: host)
        try run.plan()
        try run.allocate()
      }
      #expect(refusal?.code == Int32(LATHE_ERR_UNSUPPORTED))
      #expect(refusal?.message.contains("lathe.training/1") == true)
    }
  }
}
