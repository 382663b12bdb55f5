import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost
import Tensors
import TestSupport
import Testing

private let quantize = "{ strategy: 'quantize', bits: 4 }"
private let both = "{ strategy: 'svdllm-v2', keep: 0.6 }, { strategy: 'quantize' }"

/// What becomes of the output folder when things go wrong.
@Suite struct OutputTests {
  @Test("an output that exists is refused and untouched; it is replaced only when asked")
  func exists() throws {
    let bench = try PipelineBench()
    try FileManager.default.createDirectory(
      atPath: bench.folder.file("out"), withIntermediateDirectories: false)
    try bench.folder.write("mine", to: "out/note.txt")
    let error = try #require(complaint { try bench.run(bench.recipe(quantize)) })
    #expect(error.contains("exists already") && error.contains(bench.folder.file("out")), "\(error)")
    #expect(bench.folder.contents(of: "out") == ["note.txt": Data("mine".utf8)])
    _ = try bench.run(bench.recipe(quantize), replacing: true)
    #expect(
      bench.folder.names(in: "out") == ["config.json", "lathe.json", "model.safetensors", "tokenizer.json"])
    #expect(bench.leftovers == ["out"])
  }

  @Test("a failed replacement leaves what was there")
  func failedReplacement() throws {
    let bench = try PipelineBench()
    _ = try bench.run(bench.recipe(quantize))
    let before = bench.folder.contents(of: "out")
    #expect(
      complaint { try bench.run(bench.recipe("{ strategy: 'svdllm-v2', keep: 0.001 }"), replacing: true) }
        != nil)
    #expect(bench.folder.contents(of: "out") == before)
    #expect(bench.leftovers == ["out"])
  }

  @Test("the model may not be replaced by its own compression while it is read, or comes out whole")
  func inPlace() throws {
    let bench = try PipelineBench()
    _ = try bench.run(bench.recipe(quantize), as: "model", replacing: true)
    #expect(try Verification(directory: bench.model).differences.isEmpty)
    #expect(bench.leftovers == [])
  }

  @Test("an interruption at any moment leaves nothing")
  func cancellation() throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe(both)
    let whole = Countdown(.max / 2)
    _ = try bench.run(recipe, as: "whole", isCancelled: { whole.isOver })
    // Questions that a whole run asks; interrupt at moments spread over all of them.
    let questions = whole.asked + .max / 2
    try #require(questions > 20)
    for step in 0..<12 {
      let countdown = Countdown(step * (questions - 1) / 11)
      do {
        _ = try bench.run(recipe, isCancelled: { countdown.isOver })
        Issue.record("a run was not interrupted at question \(step * (questions - 1) / 11) of \(questions)")
      } catch let error as PipelineError {
        #expect(error.isCancellation, "\(error)")
      }
      #expect(bench.leftovers == ["whole"])
    }
  }

  @Test("a plugin that fails leaves nothing and is named", .enabled(if: CCompiler.path != nil))
  func failingPlugin() throws {
    let bench = try PipelineBench()
    let tools = TestFolder()
    for (name, part) in [
      ("fails", "q_proj did not converge"), ("fails_after_replacing", "singular"),
      ("not_finite", "not finite"),
    ] {
      let plugin = try CCompiler.plugin(name, into: tools)
      let error = try #require(
        complaint {
          try bench.run(bench.recipe("{ strategy: 'test-plugin' }"), plugins: [plugin])
        })
      #expect(error.contains(part) && error.contains("test-plugin"), "\(error)")
      #expect(bench.leftovers == [])
    }
  }

  @Test("numbers that JSON cannot hold leave a record that parses", .enabled(if: CCompiler.path != nil))
  func notFiniteMetric() throws {
    let bench = try PipelineBench()
    let tools = TestFolder()
    let plugin = try CCompiler.plugin("not_finite_metric", into: tools)
    let report = try bench.run(bench.recipe("{ strategy: 'test-plugin' }"), plugins: [plugin])
    #expect(try JSON(parsing: report.json(includingSeconds: true).text())["stages"] != nil)
    #expect(try Verification(directory: bench.folder.file("out")).differences.isEmpty)
  }

  @Test("a strategy without a forecast leaves the size of the plan open", .enabled(if: CCompiler.path != nil))
  func noForecast() throws {
    let bench = try PipelineBench()
    let tools = TestFolder()
    let recipe = try bench.recipe("{ strategy: 'test-plugin' }")
    let snapshot = ModelSnapshot(try Checkpoint(directory: bench.model).model)
    let chain = try Chain(
      recipe, model: snapshot,
      plugins: PluginSearch(explicit: [CCompiler.plugin("keeps_every_rule", into: tools)]),
      runtime: ChainRuntime(workers: .serial))
    let forecast = try chain.forecast(snapshot)
    #expect(forecast.model == nil && forecast.stages.count == 1 && forecast.stages[0].bytesAfter == nil)
  }

  @Test(
    "weights that are not finite are refused with the tensor's name, wherever they are",
    arguments: [
      "model.layers.1.mlp.down_proj.weight", "model.embed_tokens.weight",
      "model.layers.0.input_layernorm.weight",
      "model.norm.weight", "lm_head.weight",
    ], [Float.nan, .infinity])
  func notFinite(name: String, value: Float) throws {
    let bench = try PipelineBench { tensors in
      var values = try #require(tensors[name]).floats()
      values[values.count / 2] = value
      let shape = try #require(tensors[name]).shape
      tensors[name] = try Tensor(shape, values).converted(to: .bf16)
    }
    for stages in [quantize, both] {
      let error = complaint { try bench.run(bench.recipe(stages)) }
      #expect(error?.contains("tensor \(name) holds 1 value") == true, "\(error ?? "no error") for \(stages)")
      #expect(error?.contains(bench.model) == true)
      #expect(bench.leftovers == [])
    }
  }
}

@Suite struct VerificationTests {
  @Test("a folder that was just made has no difference, to its source neither")
  func sound() throws {
    let bench = try PipelineBench()
    _ = try bench.run(bench.recipe(both))
    let check = try Verification(directory: bench.folder.file("out"), source: bench.model)
    #expect(check.differences.isEmpty)
    // Three files of the folder and three of the source.
    #expect(check.filesChecked == 6 && check.tensorsChecked > 20)
  }

  @Test("one flipped bit of the weights is found in the file and in the tensor")
  func flippedBit() throws {
    let bench = try PipelineBench()
    _ = try bench.run(bench.recipe(quantize))
    var bytes = try #require(bench.folder.contents(of: "out")["model.safetensors"])
    bytes[bytes.count - 10] ^= 1
    try bench.folder.write(bytes, to: "out/model.safetensors")
    let found = try Verification(directory: bench.folder.file("out")).differences.map(\.what)
    #expect(found.count == 2 && found.contains("model.safetensors"))
  }

  @Test("a changed, missing or added file or tensor is found")
  func changes() throws {
    let bench = try PipelineBench()
    _ = try bench.run(bench.recipe(quantize))
    let out = bench.folder.file("out")
    try bench.folder.write("{}", to: "out/tokenizer.json")
    #expect(try Verification(directory: out).differences.map(\.what) == ["tokenizer.json"])
    try FileManager.default.removeItem(atPath: "\(out)/tokenizer.json")
    #expect(try Verification(directory: out).differences.map(\.what) == ["tokenizer.json"])
    #expect(try Verification(directory: out).differences[0].reason.contains("tokenizer.json"))
    try FileManager.default.removeItem(atPath: "\(out)/model.safetensors")
    #expect(try Verification(directory: out).differences.count >= 2)
  }

  @Test("a folder without a record, and a record that is no JSON, are refused")
  func noRecord() throws {
    let bench = try PipelineBench()
    #expect(complaint { try Verification(directory: bench.model) }?.contains("no lathe.json") == true)
    try bench.folder.write("{", to: "model/lathe.json")
    #expect(complaint { try Verification(directory: bench.model) }?.contains("lathe.json") == true)
    try bench.folder.write("{}", to: "model/lathe.json")
    #expect(try !Verification(directory: bench.model).differences.isEmpty)
  }

  @Test("a record that points out of its folder reads nothing there")
  func escape() throws {
    let bench = try PipelineBench()
    _ = try bench.run(bench.recipe(quantize))
    let record =
      #"{"files": [{"name": "../text.txt", "sha256": "00"}, {"name": "..", "sha256": "00"}], "tensors": {}}"#
    try bench.folder.write(record, to: "out/lathe.json")
    let check = try Verification(directory: bench.folder.file("out"))
    #expect(check.filesChecked == 0 && check.differences.count >= 2)
  }
}
