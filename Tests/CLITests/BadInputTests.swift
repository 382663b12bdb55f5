import Foundation
import Glibc
import ModelIO
import Tensors
import TestSupport
import Testing

/// Each way input can be bad: one sentence, a status that is not 0, and no output folder.
@Suite struct BadInputTests {
  /// Runs `lathe compress` and expects a refusal that holds all `parts`.
  private func expectRefusal(
    _ bench: CommandBench, _ parts: String..., arguments: String = "compress --model model --recipe r.json5 --output out",
    environment: [String: String] = [:], leftovers: [String] = [], location: SourceLocation = #_sourceLocation
  ) throws {
    let run = try bench.lathe(arguments, environment: environment)
    #expect(run.status == 1, "\(run.errors)", sourceLocation: location)
    #expect(run.complaints.count == 1 && run.errors.hasSuffix("\n"), "\(run.errors)", sourceLocation: location)
    let sentence = run.errors.split(separator: "\n").last.map(String.init) ?? ""
    for part in parts { #expect(sentence.contains(part), "\(sentence)", sourceLocation: location) }
    #expect(sentence.hasPrefix("lathe: ") && !sentence.hasSuffix("."), "\(sentence)", sourceLocation: location)
    // No name of a Swift type or case and no code dump reaches a person.
    for noise in ["Error(", "Optional(", "NSCocoa", "Fatal", "Swift."] {
      #expect(!sentence.contains(noise), "\(sentence)", sourceLocation: location)
    }
    #expect(run.output.isEmpty, sourceLocation: location)
    #expect(bench.leftovers == leftovers, sourceLocation: location)
  }

  /// A safetensors file with the given header and bytes of data.
  private func safetensors(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    let size = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * UInt64($0))) } + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  @Test("a safetensors header that lies is refused, and reserves no memory")
  func headers() throws {
    let bench = try CommandBench()
    let whole = try #require(bench.folder.contents(of: "model")["model.safetensors"])
    let huge = Int(UInt64(1) << 62)
    let cases: [(String, [UInt8])] = [
      ("truncated data", Array(whole.dropLast(100))), ("truncated header", Array(whole.prefix(200))),
      ("three bytes", [1, 2, 3]), ("nothing", []), ("a longer file", Array(whole) + [0, 0, 0]),
      ("a header beyond the file", safetensors("{}", length: 1 << 40)), ("a header of 2^64-1", safetensors("{}", length: .max)),
      ("no JSON", safetensors("{\"a\":")),
      (
        "overlap",
        safetensors(
          #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
          data: 12)
      ),
      ("offsets beyond the file", safetensors(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 4)),
      ("a shape that lies", safetensors(#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, data: 8)),
      (
        "sizes that overflow",
        safetensors(#"{"a":{"dtype":"F32","shape":[\#(huge),\#(huge)],"data_offsets":[0,8]}}"#, data: 8)
      ),
      ("a negative extent", safetensors(#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, data: 8)),
      ("an unknown type", safetensors(#"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, data: 8)),
    ]
    for (name, bytes) in cases {
      try bench.folder.write(bytes, to: "model/model.safetensors")
      try expectRefusal(bench, "model.safetensors")
      try expectRefusal(bench, "model.safetensors", arguments: "eval --model model --text text.txt")
      try expectRefusal(bench, "model.safetensors", arguments: "inspect model")
      _ = name
    }
  }

  @Test("a hostile size does not take memory: it is refused under a limit of 2 GB")
  func memory() throws {
    let bench = try CommandBench()
    let header = #"{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#
    try bench.folder.write(safetensors(header, data: 8), to: "model/model.safetensors")
    let run = try ChildProcess.run(
      "/bin/sh", ["-c", "ulimit -v 2000000; exec \"$0\" inspect model", BuildFolder.lathe],
      environment: ["OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1"], folder: bench.folder.path)
    #expect(run.status == 1 && run.complaints.count == 1, "\(run.errors)")
  }

  @Test("a missing shard, and a shard without its index, are named")
  func shards() throws {
    let bench = try CommandBench()
    let file = bench.folder.file("model/model.safetensors")
    let names = try SafetensorsFile(path: file).names
    let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    let map = JSONObject(names.map { ($0, .string(shards[$0.contains("layers.1") ? 1 : 0])) })
    let index: JSON = ["metadata": ["total_size": 1], "weight_map": .object(map)]
    try bench.folder.write(index.text(), to: "model/model.safetensors.index.json")
    try FileManager.default.moveItem(atPath: file, toPath: bench.folder.file("model/\(shards[0])"))
    try expectRefusal(bench, shards[1], "missing")
    try FileManager.default.removeItem(atPath: "\(file).index.json")
    try expectRefusal(bench, shards[0], "index")
  }

  @Test(
    "a configuration that does not fit is refused with the key or tensor",
    arguments: [
      ("hidden_size", "48", "model.layers.0.self_attn.q_proj.weight"), ("num_hidden_layers", "3", "model.layers.2."),
      ("num_key_value_heads", "3", "num_key_value_heads"), ("intermediate_size", "-4", "intermediate_size"),
      ("vocab_size", "100", "model.embed_tokens.weight"), ("model_type", "\"mamba\"", "mamba"),
      ("hidden_size", "99999999999999", "hidden_size"), ("tie_word_embeddings", "\"yes\"", "tie_word_embeddings"),
      ("hidden_act", "\"swoosh\"", "swoosh"), ("head_dim", "0", "head_dim"), ("num_hidden_layers", "1e30", "num_hidden_layers"),
    ])
  func configuration(key: String, value: String, part: String) throws {
    let bench = try CommandBench()
    var members = try #require(SyntheticFolder.json(SyntheticFolder.configuration()).objectValue)
    members[key] = try JSON(parsing: value)
    try bench.folder.write(JSON.object(members).text(), to: "model/config.json")
    try expectRefusal(bench, part)
  }

  @Test("a missing folder, configuration or recipe, and JSON that is none, are named")
  func missing() throws {
    let bench = try CommandBench()
    try expectRefusal(bench, "nowhere", arguments: "compress --model nowhere --recipe r.json5 --output out")
    try expectRefusal(bench, "none.json5", arguments: "compress --model model --recipe none.json5 --output out")
    try expectRefusal(bench, "no/such", arguments: "compress --model model --recipe r.json5 --output no/such/out")
    try expectRefusal(bench, "text.txt", arguments: "inspect text.txt")
    try expectRefusal(bench, "nothing.txt", arguments: "eval --model model --text nothing.txt")
    try expectRefusal(bench, "model.layers.9", arguments: "inspect model --tensor model.layers.9.mlp.up_proj")
    try bench.folder.write("{ not json", to: "model/config.json")
    try expectRefusal(bench, "config.json", "line 1")
    try FileManager.default.removeItem(atPath: bench.folder.file("model/config.json"))
    try expectRefusal(bench, "config.json")
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
    try expectRefusal(bench, "model.layers.1.mlp.up_proj.weight", "NaN or infinite")
    try expectRefusal(
      bench, "model.layers.1.mlp.up_proj", "NaN or infinite",
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
    try expectRefusal(bench, "NaN or infinite", arguments: "eval --model model --text text.txt --context 16")
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
      ("input_ids", ids([1, -1], [1, 2]), "-1"), ("input_ids", ids([1, .max], [1, 2]), "9223372036854775807"),
    ]
    for (name, tensor, part) in cases {
      try write(name, tensor)
      try expectRefusal(bench, "t.safetensors", part, arguments: line, leftovers: ["t.safetensors"])
    }
    try write("input_ids", ids([1, 2, 3, 4, 5, 6], [2, 3]))
    #expect(try bench.lathe(line).status == 0)
    let logits = try SafetensorsFile(path: bench.folder.file("l.safetensors"))
    #expect(logits.names.count == 1)
    #expect(logits[logits.names[0]]?.shape == [2, 3, SyntheticFolder.vocabularySize])
    try expectRefusal(bench, "l.safetensors exists already", arguments: line, leftovers: ["l.safetensors", "t.safetensors"])
    try FileManager.default.removeItem(atPath: bench.folder.file("l.safetensors"))
    let full = try ChildProcess.run(
      "/bin/sh", ["-c", "ulimit -f 2; exec \"$0\" \(line)", BuildFolder.lathe],
      environment: ["OPENBLAS_CORETYPE": "Haswell"], folder: bench.folder.path)
    #expect(full.status == 1 && full.complaints.count == 1, "\(full.errors)")
    #expect(bench.leftovers == ["t.safetensors"])
  }

  @Test("calibration text that is empty, short, not UTF-8 or missing is refused")
  func calibration() throws {
    let bench = try CommandBench()
    for (bytes, part) in [([], "empty"), (Array("the lion".utf8), "tokens"), ([0xff, 0xfe, 0x41], "UTF-8")] as [([UInt8], String)] {
      try bench.folder.write(bytes, to: "text.txt")
      try expectRefusal(bench, part)
      try expectRefusal(bench, part, arguments: "plan --model model --recipe r.json5")
    }
    for (bytes, part) in [([], "text"), (Array("the lion".utf8), "tokens"), ([0xff], "UTF-8")] as [([UInt8], String)] {
      try bench.folder.write(bytes, to: "text.txt")
      try expectRefusal(bench, part, arguments: "eval --model model --text text.txt")
    }
    try FileManager.default.removeItem(atPath: bench.folder.file("text.txt"))
    try expectRefusal(bench, "text.txt")
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
    try expectRefusal(bench, "tokenizer.json", "5000", "263")
    try expectRefusal(bench, "tokenizer.json", "5000", arguments: "eval --model model --text text.txt")
    try bench.folder.write("{}", to: "model/tokenizer.json")
    try expectRefusal(bench, "tokenizer.json")
    try FileManager.default.removeItem(atPath: bench.folder.file("model/tokenizer.json"))
    try expectRefusal(bench, "no tokenizer.json")
    try expectRefusal(bench, "no tokenizer.json", arguments: "eval --model model --text text.txt")
  }

  @Test("an unknown recipe key is refused with what was meant")
  func recipeKeys() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'quantize', bist: 4 }")
    try expectRefusal(bench, "\"bist\"", "did you mean \"bits\"?")
    try bench.folder.write("{ lathe: 1, sede: 4, stages: [{ strategy: 'quantize' }] }", to: "r.json5")
    try expectRefusal(bench, "r.json5", "sede", "did you mean \"seed\"?")
  }

  @Test("a library that is no plugin is refused by name")
  func plugins() throws {
    let bench = try CommandBench()
    try bench.folder.write("text", to: "fake.so")
    let arguments = "compress --model model --recipe r.json5 --output out --plugin fake.so"
    try expectRefusal(bench, "fake.so", "cannot be used as a plugin", arguments: arguments, leftovers: ["fake.so"])
    let list = try bench.lathe("plugins list --plugin fake.so")
    #expect(list.status == 1 && list.complaints.count == 1)
    try bench.folder.write("{ lathe: 1, stages: [{ strategy: 'quantize' }] }", to: "r.json5")
    // Without plugins the strategy is unknown, and the sentence says where to look.
    try expectRefusal(
      bench, "quantize", "lathe plugins list", environment: ["LATHE_PLUGIN_PATH": "/nonexistent"], leftovers: ["fake.so"])
  }

  @Test("an output that exists is refused and stays; --force replaces it")
  func output() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'quantize' }")
    try FileManager.default.createDirectory(atPath: bench.folder.file("out"), withIntermediateDirectories: false)
    try bench.folder.write("mine", to: "out/a.txt")
    try expectRefusal(bench, "out", "exists already", "--force", leftovers: ["out"])
    #expect(bench.folder.names(in: "out") == ["a.txt"])
    #expect(try bench.compress("--force").status == 0)
    #expect(bench.folder.names(in: "out").contains("lathe.json"))
  }

  @Test("a file that may not grow gives one sentence and leaves nothing", arguments: [1, 8, 16, 40])
  func fullDisk(kilobytes: Int) throws {
    let bench = try CommandBench()
    // Blocks of 512 bytes.
    let run = try ChildProcess.run(
      "/bin/sh",
      ["-c", "ulimit -f \(2 * kilobytes); exec \"$0\" compress --model model --recipe r.json5 --output out", BuildFolder.lathe],
      environment: ["OPENBLAS_CORETYPE": "Haswell", "LATHE_PLUGIN_PATH": BuildFolder.path], folder: bench.folder.path)
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.complaints.count == 1, "\(run.errors)")
    let sentence = run.complaints.first ?? ""
    #expect(sentence.contains("File too large") || sentence.contains("file system allows"), "\(sentence)")
    #expect(bench.leftovers == [])
  }

  @Test("a disk without space gives one sentence and leaves nothing", .enabled(if: geteuid() == 0), arguments: [24, 60])
  func smallDisk(kilobytes: Int) throws {
    let bench = try CommandBench()
    let place = bench.folder.file("disk")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    let mount = try ChildProcess.run("/usr/bin/env", ["mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", place])
    // A container may forbid it.
    guard mount.status == 0 else { return }
    defer { _ = try? ChildProcess.run("/usr/bin/env", ["umount", "-l", place]) }
    let run = try bench.lathe("compress --model model --recipe r.json5 --output disk/out")
    #expect(run.status == 1 && run.complaints.count == 1, "\(run.errors)")
    #expect(run.complaints.first?.contains("free") == true, "\(run.errors)")
    #expect(bench.folder.names(in: "disk") == [])
  }
}
