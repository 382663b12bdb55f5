import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost
import Tensors
import TestSupport
import Testing

@Suite struct QuantizationTests {
  private static let methods = [
    "method: 'rtn', search: 'mse'", "method: 'gptq', bits: 3", "method: 'gptq', order: 'activation'",
    "method: 'awq'", "method: 'nf4'", "method: 'gptq', residual_rank: 3", "method: 'nf4', residual_rank: 2",
    "method: 'awq', residual_rank: 1",
  ]

  @Test(
    "the forecast is the size to the byte, alone and after a low-rank stage, for every method",
    arguments: methods, ["", "{ strategy: 'svdllm-v2', keep: 0.95 },", "{ strategy: 'adasvd', keep: 0.95 },"])
  func forecast(method: String, before: String) throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe("\(before) { strategy: 'quantize', group_size: 16, \(method) }")
    let report = try bench.run(recipe)
    let checkpoint = try Checkpoint(directory: bench.folder.file("out"))
    #expect(report.tensorBytesAfter == checkpoint.model.storedTensors.reduce(0) { $0 + $1.tensor.byteCount })
    // A layer's price does not depend on its numbers, so the forecast of the last stage from the forms it met is exact.
    if before.isEmpty {
      let (chain, snapshot, _) = try bench.chain(recipe)
      let forecast = try chain.forecast(snapshot)
      #expect(forecast.isExact && forecast.model?.byteCount == report.tensorBytesAfter)
    }
    // Every layer still does about what it did on the text; a low rank of random weights does not.
    for layer in report.layers where layer.node.block != nil && before.isEmpty {
      let error = try #require(layer.relativeError)
      #expect(error < 0.35, "\(layer.node.name): \(error)")
    }
  }

  @Test("the exact plan of a low-rank stage and a packing one is what the run writes", arguments: methods)
  func exactPlan(method: String) throws {
    let bench = try PipelineBench(.qwen2)
    let recipe = try bench.recipe(
      "{ strategy: 'svdllm-v2', keep: 0.95 }, { strategy: 'quantize', group_size: 16, \(method) }")
    let plan = try CompressionPlan(
      model: bench.model, recipe: recipe, plugins: PluginSearch(explicit: BuildFolder.plugins),
      measures: true,
      workers: .serial)
    let report = try bench.run(recipe)
    #expect(plan.forecast.model?.byteCount == report.tensorBytesAfter)
  }

  @Test(
    "the folder is the same bytes for any number of threads",
    arguments: ["method: 'gptq'", "method: 'awq'", "method: 'gptq', residual_rank: 2"])
  func threads(method: String) throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe("{ strategy: 'quantize', group_size: 16, \(method) }")
    for threads in [1, 2, 3] { _ = try bench.run(recipe, as: "out\(threads)", threads: threads) }
    let one = bench.folder.contents(of: "out1")
    #expect(bench.folder.contents(of: "out2") == one)
    #expect(bench.folder.contents(of: "out3") == one)
  }

  @Test("overrides change the layers they match, the last pattern wins, and the record has them")
  func overrides() throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe(
      """
      { strategy: 'quantize', bits: 3, group_size: 8,
        overrides: { 're:.*down_proj': { bits: 8 }, 'model.layers.0.*': { group_size: 0 },
                     'q_proj': { method: 'gptq', bits: 5 } } }
      """)
    let report = try bench.run(recipe)
    for layer in report.layers {
      guard case .quantized(let scheme)? = layer.form.terms.first?.first?.storage else {
        #expect(layer.node.block == nil)
        continue
      }
      #expect(scheme.bits == (layer.node.role == .down ? 8 : layer.node.role == .query ? 5 : 3))
      #expect(scheme.groupSize == (layer.node.block == 0 ? 0 : 8))
    }
    let (chain, snapshot, _) = try bench.chain(recipe)
    #expect(try chain.forecast(snapshot).model?.byteCount == report.tensorBytesAfter)
    let record = try JSON(
      parsing: String(decoding: try #require(bench.folder.contents(of: "out")["lathe.json"]), as: UTF8.self))
    let stage = try #require(record["recipe"]?["stages"]?.arrayValue?.first)
    #expect(stage["overrides"]?["re:.*down_proj"]?["bits"]?.intValue == 8)
  }

  @Test(
    "what is wrong with an override is told in a sentence",
    arguments: [
      ("{ strategy: 'quantize', overrides: { 'down_proj': { bit: 8 } } }", "did you mean \"bits\"?"),
      (
        "{ strategy: 'quantize', overrides: { 'down_proj': { bits: 9 } } }",
        "stages.0.overrides.\"down_proj\": parameter \"bits\" of strategy \"quantize\" is 9; it must be an integer, 2 to 8"
      ),
      (
        "{ strategy: 'quantize', overrides: { 'down_proj': { keep: 0.5 } } }",
        "stages.0.overrides.\"down_proj\": \"keep\" belongs to the stage as a whole"
      ),
      (
        "{ strategy: 'quantize', overrides: { 'mlp.*': { strategy: 'x' } } }",
        "parameters of strategy \"quantize\""
      ),
      (
        "{ strategy: 'quantize', overrides: { 'mlp.*': { kep: 1 } } }",
        "there is no parameter \"kep\"; an override"
      ),
      ("{ strategy: 'quantize', overrides: { 'down_proj': { method: 'gtpq' } } }", "did you mean \"gptq\"?"),
      ("{ strategy: 'quantize', overrides: { 'down_pro': { bits: 8 } } }", "matches no selected layer"),
      (
        "{ strategy: 'quantize', exclude: 'down_proj', overrides: { 'down_proj': { bits: 8 } } }",
        "matches no selected layer"
      ),
      ("{ strategy: 'quantize', overrides: { 're:(': { bits: 8 } } }", "no regular expression"),
      ("{ strategy: 'quantize', include: 're:[' }", "no regular expression"),
      ("{ strategy: 'quantize', overrides: { 'down_proj': 8 } }", "an object in braces"),
      ("{ strategy: 'quantize', overrides: [] }", "an object in braces"),
      ("{ strategy: 'svdllm-v2', keep: 0.7, overrides: { 'down_proj': { clamp: 1 } } }", "takes none"),
      ("{ strategy: 'quantize', method: 'awq', exclude: 'up_proj' }", "up_proj"),
      (
        "{ strategy: 'quantize', method: 'awq', overrides: { k_proj: { method: 'rtn' } } }",
        "give all of them"
      ),
      ("{ strategy: 'quantize', method: 'gptq', include: '*' }", "lm_head, which is in no block"),
    ])
  func wrong(stage: String, part: String) throws {
    let bench = try PipelineBench()
    let text = try #require(complaint { try bench.run(bench.recipe(stage)) })
    #expect(text.contains(part) && !text.contains("\n"), "\(text)")
    #expect(bench.leftovers.isEmpty)
  }

  @Test("scaled inputs leave norms that read back, and a second stage may follow")
  func scaledNorms() throws {
    for family in SyntheticFolder.Family.allCases {
      let bench = try PipelineBench(family)
      let recipe = try bench.recipe("{ strategy: 'quantize', method: 'awq', bits: 8, group_size: 16 }")
      let report = try bench.run(recipe)
      for layer in report.layers where layer.node.block != nil {
        #expect(try #require(layer.relativeError) < 0.03, "\(layer.node.name)")
      }
      #expect(try Verification(directory: bench.folder.file("out")).differences.isEmpty)
    }
  }
}
