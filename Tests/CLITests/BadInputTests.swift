import Foundation
import Glibc
import ModelIO
import Tensors
import TestSupport
import Testing

/// Each way other input can be bad: one sentence, a status that is not 0, and no output folder.
@Suite struct BadInputTests {
  @Test("a missing folder, configuration or recipe, and JSON that is none, are named")
  func missing() throws {
    let bench = try CommandBench()
    try bench.expectRefusal("nowhere", arguments: "compress --model nowhere --recipe r.json5 --output out")
    try bench.expectRefusal(
      "none.json5", arguments: "compress --model model --recipe none.json5 --output out")
    try bench.expectRefusal(
      "no/such", arguments: "compress --model model --recipe r.json5 --output no/such/out")
    try bench.expectRefusal("text.txt", arguments: "inspect text.txt")
    try bench.expectRefusal("nothing.txt", arguments: "eval --model model --text nothing.txt")
    try bench.expectRefusal("model.layers.9", arguments: "inspect model --tensor model.layers.9.mlp.up_proj")
    try bench.folder.write("{ not json", to: "model/config.json")
    try bench.expectRefusal("config.json", "line 1")
    try FileManager.default.removeItem(atPath: bench.folder.file("model/config.json"))
    try bench.expectRefusal("config.json")
  }

  @Test("NaN and infinite weights are refused by compress and by eval", arguments: [Float.nan, -.infinity])
  func notFinite(value: Float) throws {
    let bench = try CommandBench { tensors in
      let name = "model.layers.1.mlp.up_proj.weight"
      let tensor = try #require(tensors[name])
      var values = try tensor.floats()
      values[17] = value
      tensors[name] = try Tensor(tensor.shape, values).converted(to: .bf16)
    }
    try bench.expectRefusal("model.layers.1.mlp.up_proj.weight", "NaN or infinite")
    try bench.expectRefusal(
      "model.layers.1.mlp.up_proj", "NaN or infinite",
      arguments: "eval --model model --text text.txt --context 16")
  }

  @Test(
    "eval refuses weights that are not finite, wherever they are",
    arguments: [
      "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight",
      "model.layers.1.post_attention_layernorm.weight",
    ])
  func notFiniteElsewhere(name: String) throws {
    let bench = try CommandBench { tensors in
      let tensor = try #require(tensors[name])
      var values = try tensor.floats()
      // A row of the embedding that every text uses: that of "t".
      for index in 0..<24 { values[name.contains("embed") ? 24 * 0x74 + index : index] = .infinity }
      tensors[name] = try Tensor(tensor.shape, values).converted(to: .bf16)
    }
    try bench.expectRefusal("NaN or infinite", arguments: "eval --model model --text text.txt --context 16")
  }

  @Test("tokens that are no tokens of the model are refused, and logits never overwrite a file")
  func tokens() throws {
    let bench = try CommandBench()
    func write(_ name: String, _ tensor: Tensor) throws {
      try? FileManager.default.removeItem(atPath: bench.folder.file("t.safetensors"))
      try SafetensorsWriter.write([name: tensor], to: bench.folder.file("t.safetensors"))
    }
    func ids(_ values: [Int64], _ shape: [Int]) -> Tensor {
      Tensor(.i64, shape) { bytes in values.withUnsafeBytes { bytes.copyMemory(from: $0) } }
    }
    let line = "eval --model model --tokens t.safetensors --logits l.safetensors"
    let cases: [(String, Tensor, String)] = [
      ("ids", ids([1, 2], [1, 2]), "input_ids"), ("input_ids", ids([1, 2], [2]), "input_ids"),
      ("input_ids", Tensor([1, 2], [1, 2]), "F32"), ("input_ids", ids([1, 263], [1, 2]), "263"),
      ("input_ids", ids([1, -1], [1, 2]), "-1"),
      ("input_ids", ids([1, .max], [1, 2]), "9223372036854775807"),
    ]
    for (name, tensor, part) in cases {
      try write(name, tensor)
      try bench.expectRefusal("t.safetensors", part, arguments: line, leftovers: ["t.safetensors"])
    }
    try write("input_ids", ids([1, 2, 3, 4, 5, 6], [2, 3]))
    #expect(try bench.lathe(line).status == 0)
    let logits = try SafetensorsFile(path: bench.folder.file("l.safetensors"))
    #expect(logits.names.count == 1)
    #expect(logits[logits.names[0]]?.shape == [2, 3, SyntheticFolder.vocabularySize])
    #expect(try bench.lathe(line).status == 0, "an earlier file of logits is replaced")
    let before = try Data(contentsOf: URL(filePath: bench.folder.file("l.safetensors")))
    let full = try ChildProcess.run(
      "/bin/sh", ["-c", "ulimit -f 2; exec \"$0\" \(line)", BuildFolder.lathe],
      folder: bench.folder.path)
    #expect(full.status == 1 && full.complaints.count == 1, "\(full.errors)")
    #expect(bench.leftovers == ["l.safetensors", "t.safetensors"])
    #expect(try Data(contentsOf: URL(filePath: bench.folder.file("l.safetensors"))) == before)
  }

  @Test("calibration text that is empty, short, not UTF-8 or missing is refused")
  func calibration() throws {
    let bench = try CommandBench()
    for (bytes, part) in [([], "empty"), (Array("the lion".utf8), "tokens"), ([0xff, 0xfe, 0x41], "UTF-8")]
      as [([UInt8], String)]
    {
      try bench.folder.write(bytes, to: "text.txt")
      try bench.expectRefusal(part)
      try bench.expectRefusal(part, arguments: "plan --model model --recipe r.json5")
    }
    for (bytes, part) in [([], "text"), (Array("the lion".utf8), "tokens"), ([0xff], "UTF-8")]
      as [([UInt8], String)]
    {
      try bench.folder.write(bytes, to: "text.txt")
      try bench.expectRefusal(part, arguments: "eval --model model --text text.txt")
    }
    try FileManager.default.removeItem(atPath: bench.folder.file("text.txt"))
    try bench.expectRefusal("text.txt")
  }

  @Test("a tokenizer that is missing, broken or of another model is refused")
  func tokenizer() throws {
    let bench = try CommandBench()
    var json = try #require(SyntheticFolder.tokenizer.objectValue)
    var model = try #require(json["model"]?.objectValue)
    var vocabulary = try #require(model["vocab"]?.objectValue)
    vocabulary["the"] = 5000
    model["vocab"] = .object(vocabulary)
    json["model"] = .object(model)
    try bench.folder.write(JSON.object(json).text(), to: "model/tokenizer.json")
    try bench.expectRefusal("tokenizer.json", "5000", "263")
    try bench.expectRefusal("tokenizer.json", "5000", arguments: "eval --model model --text text.txt")
    try bench.folder.write("{}", to: "model/tokenizer.json")
    try bench.expectRefusal("tokenizer.json")
    try FileManager.default.removeItem(atPath: bench.folder.file("model/tokenizer.json"))
    try bench.expectRefusal("no tokenizer.json")
    try bench.expectRefusal("no tokenizer.json", arguments: "eval --model model --text text.txt")
  }

  @Test("an unknown recipe key is refused with what was meant")
  func recipeKeys() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'quantize', bist: 4 }")
    try bench.expectRefusal("\"bist\"", "did you mean \"bits\"?")
    try bench.folder.write("{ lathe: 1, sede: 4, stages: [{ strategy: 'quantize' }] }", to: "r.json5")
    try bench.expectRefusal("r.json5", "sede", "did you mean \"seed\"?")
  }

  @Test(
    "a strategy that is not found says how plugins are given, unless one was",
    .enabled(if: CCompiler.path != nil))
  func unknownStrategy() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'mixed-prune' }")
    let plugin = try CCompiler.plugin(
      "keeps_every_rule", into: bench.folder, flags: ["-DID=\"yourname.mixed-prune\""])
    let compress = "compress --model model --recipe r.json5 --output out"
    for line in [compress, "plan --model model --recipe r.json5", "plugins info mixed-prune"] {
      let without = try bench.lathe(line)
      #expect(without.status == 1 && without.complaints.count == 1, "\(without.errors)")
      #expect(
        without.errors.contains("--plugin FILE") && without.errors.contains("LATHE_PLUGIN_PATH"),
        "\(without.errors)")
      let with = try bench.lathe("\(line) --plugin \(plugin)")
      #expect(with.errors.contains("did you mean \"yourname.mixed-prune\"?"), "\(with.errors)")
      #expect(with.status == 1 && !with.errors.contains("--plugin FILE"), "\(with.errors)")
    }
  }

  @Test("a library that is no plugin is refused by name")
  func plugins() throws {
    let bench = try CommandBench()
    try bench.folder.write("text", to: "fake.so")
    let arguments = "compress --model model --recipe r.json5 --output out --plugin fake.so"
    try bench.expectRefusal(
      "fake.so", "cannot be used as a plugin", arguments: arguments, leftovers: ["fake.so"])
    let list = try bench.lathe("plugins list --plugin fake.so")
    #expect(list.status == 1 && list.complaints.count == 1)
    try bench.folder.write("{ lathe: 1, stages: [{ strategy: 'quantize' }] }", to: "r.json5")
    // Without plugins the strategy is unknown, and the sentence says where to look.
    try bench.expectRefusal(
      "quantize", "lathe plugins list", "--plugin FILE", "LATHE_PLUGIN_PATH",
      environment: ["LATHE_PLUGIN_PATH": "/nonexistent"],
      leftovers: ["fake.so"])
  }
}
