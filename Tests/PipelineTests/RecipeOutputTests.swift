import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost
import TestSupport
import Testing

/// Further outputs of a recipe.
@Suite struct RecipeOutputTests {
  private func recipe(_ bench: PipelineBench, _ outputs: String, stages: String) throws -> Recipe {
    let text = "{ lathe: 1, stages: [\(stages)], outputs: [\(outputs)] }"
    return try Recipe(path: bench.folder.write(text, to: "recipe.json5"))
  }
  private let codes = "{ strategy: 'quantize', bits: 8, group_size: 0, symmetric: true }"

  @Test("further outputs lie beside the main one and hold the same weights; the record names them")
  func written() throws {
    let bench = try PipelineBench()
    let outputs =
      "{ format: 'compressed-tensors', folder: 'ct' }, { format: 'dense', folder: 'plain', dtype: 'f32' }"
    let report = try bench.run(recipe(bench, outputs, stages: codes))
    #expect(report.exports.map(\.format) == ["compressed-tensors", "dense"])
    #expect(bench.leftovers == ["ct", "out", "plain"])
    let main = try Checkpoint(directory: bench.folder.file("out")).model
    let packed = try Checkpoint(directory: bench.folder.file("ct")).model
    let plain = try Checkpoint(directory: bench.folder.file("plain")).model
    for node in main.nodes {
      let left = main.linears[node.index].terms[0][0]
      #expect(
        left.tensors.map { SHA256.hex(of: $0) }
          == packed.linears[node.index].terms[0][0].tensors.map { SHA256.hex(of: $0) })
      #expect(
        plain.linears[node.index].form
          == .dense(outFeatures: node.outFeatures, inFeatures: node.inFeatures, .f32))
    }
    let record = try Verification.record(of: bench.folder.file("out"))
    #expect(record["recipe"]?["outputs"]?.arrayValue?.count == 2)
    #expect(record.text().contains(bench.folder.path) == false)
    #expect(try Verification(directory: bench.folder.file("out")).differences.isEmpty)
  }

  @Test("a format that cannot hold the result is refused before the run, and so is a place that is taken")
  func refused() throws {
    let bench = try PipelineBench()
    let factors = "{ strategy: 'quantize', bits: 8, group_size: 0 }"
    let error = complaint {
      try bench.run(recipe(bench, "{ format: 'int-quantized', folder: 'bytes' }", stages: factors))
    }
    #expect(
      error?.contains("int-quantized cannot hold model.layers.0.self_attn.q_proj") == true, "\(error ?? "")")
    #expect(bench.leftovers == [])
    try FileManager.default.createDirectory(
      atPath: bench.folder.file("taken"), withIntermediateDirectories: false)
    let place = complaint {
      try bench.run(recipe(bench, "{ format: 'dense', folder: 'taken' }", stages: codes))
    }
    #expect(place?.contains("exists already") == true)
    #expect(bench.leftovers == ["taken"])
    let twice = "{ format: 'dense', folder: 'a' }, { format: 'dense', folder: 'a' }"
    #expect(
      complaint { try bench.run(recipe(bench, twice, stages: codes)) }?.contains("written already") == true)
    #expect(bench.leftovers == ["taken"])
  }

  @Test(
    "what an output says is checked with the recipe",
    arguments: [
      ("{ format: 'dens', folder: 'a' }", "outputs.0.format", "compressed-tensors"),
      ("{ format: 'dense' }", "outputs.0.folder", "is needed"),
      ("{ format: 'dense', file: 'a' }", "outputs.0.file", "write `folder`"),
      ("{ format: 'dense', folder: 'a', dtype: 'q4' }", "outputs.0.dtype", "f32, f16, bf16"),
      ("{ format: 'dense', folder: 'a', remultiply: 1 }", "outputs.0.remultiply", "true or false"),
      ("{ format: 'dense', folder: 'a', type: 'f16' }", "outputs.0.type", "unknown key"),
      ("'dense'", "outputs.0", "braces"),
    ])
  func parsed(output: String, key: String, part: String) throws {
    let bench = try PipelineBench()
    let error = try #require(complaint { try recipe(bench, output, stages: codes) })
    #expect(error.contains("\(key):") && error.contains(part), "\(error)")
  }

  @Test("a plan checks formats too")
  func plan() throws {
    let bench = try PipelineBench()
    let recipe = try recipe(
      bench, "{ format: 'gptq', folder: 'g' }", stages: "{ strategy: 'quantize', bits: 5 }")
    let error = complaint {
      try CompressionPlan(
        model: bench.model, recipe: recipe, plugins: PluginSearch(explicit: BuildFolder.plugins),
        measures: false, workers: .serial)
    }
    #expect(error?.contains("gptq cannot hold") == true, "\(error ?? "")")
  }
}
