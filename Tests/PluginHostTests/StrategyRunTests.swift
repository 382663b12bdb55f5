import Calibration
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Synchronization
import Tensors
import TestSupport
import Testing

/// Answers every question with the identity.
private struct IdentityGrams: StatisticSource {
  let model: Model
  func statistic(_ kind: StatisticKind, node: Int, upstream: Upstream) -> Statistic? {
    let n = model.nodes[node].inFeatures
    return Statistic(value: Matrix<Double>.identity(n).tensor(), tokenCount: n)
  }
}

@Suite struct StrategyRunTests {
  @Test(
    "a forecast is the form that compress gives, for every selected layer", arguments: [0, 5, 64],
    [true, false])
  func forecast(groupSize: Int, isSymmetric: Bool) throws {
    let bench = try PluginBench(unselected: [4])
    let library = try PluginLibrary(path: BuildFolder.plugin("Quantize"))
    let instance = try bench.instance(
      library, ["bits": 3, "group_size": .integer(groupSize), "symmetric": .bool(isSymmetric)])
    #expect(try instance.plan(bench.environment, bench.snapshot).isEmpty)
    let replaced = try instance.compress(block: 0, bench.environment, bench.snapshot, nil).linears
    #expect(replaced.keys.sorted() == [0, 1, 2, 3, 5, 6])
    for node in bench.model.nodes(inBlock: 0) {
      let form = try instance.forecast(node, bench.environment, bench.snapshot)
      #expect(form == replaced[node.index]?.form ?? bench.snapshot.forms[node.index])
    }
  }

  @Test("a stage with a budget stays within it and asks only for what it declared")
  func budget() throws {
    var bench = try PluginBench()
    let total = bench.environment.selected.reduce(0) { $0 + bench.snapshot.forms[$1].byteCount }
    bench.environment.budget = total / 2
    let library = try PluginLibrary(path: BuildFolder.plugin("SVDLLMv2"))
    let instance = try bench.instance(library)
    let requests = try instance.plan(bench.environment, bench.snapshot)
    #expect(!requests.isEmpty && requests.allSatisfy { $0.kind == .inputGram && $0.phases == .analyze })
    let grams = IdentityGrams(model: bench.model)
    for block in 0..<2 { try instance.analyze(block: block, bench.environment, bench.snapshot, grams) }
    try instance.allocate(bench.environment, bench.snapshot)
    var forms = bench.snapshot.forms
    for block in 0..<2 {
      let changes = try instance.compress(block: block, bench.environment, bench.snapshot, nil)
      for (index, linear) in changes.linears {
        forms[index] = linear.form
        #expect(linear.form.byteCount < bench.snapshot.forms[index].byteCount)
      }
    }
    #expect(bench.environment.selected.reduce(0) { $0 + forms[$1].byteCount } <= total / 2)
  }

  @Test("a budget that the lowest ranks exceed is refused before any work")
  func impossibleBudget() throws {
    var bench = try PluginBench()
    bench.environment.budget = 10
    let instance = try bench.instance(try PluginLibrary(path: BuildFolder.plugin("SVDLLMv2")))
    let text = try #require(complaint { try instance.plan(bench.environment, bench.snapshot) })
    #expect(text.contains("raise keep") && text.contains("10 bytes"), "\(text)")
  }

  @Test("an interruption ends a call as an interruption and not as a failure")
  func cancellation() throws {
    let bench = try PluginBench(isCancelled: { true })
    let instance = try bench.instance(try PluginLibrary(path: BuildFolder.plugin("Quantize")))
    do {
      _ = try instance.compress(block: 0, bench.environment, bench.snapshot, nil)
      Issue.record("the call was not interrupted")
    } catch PluginHostError.cancelled {
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test("a weight that is not finite is refused with the layer's name")
  func notFinite() throws {
    let bench = try PluginBench()
    var model = bench.model
    var values = try RandomModel.normals([32, 24], seed: 9).floats()
    values[100] = .nan
    try model.replace(model.nodes[0], with: Linear(weight: Tensor([32, 24], values), bias: nil))
    let instance = try bench.instance(try PluginLibrary(path: BuildFolder.plugin("Quantize")))
    let text = try #require(
      complaint {
        try instance.compress(block: 0, bench.environment, ModelSnapshot(model), nil)
      })
    #expect(text.contains("model.layers.0.self_attn.q_proj") && text.contains("not finite"), "\(text)")
  }
}
