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
    _ bench: CommandBench, _ parts: String...,
    arguments: String = "compress --model model --recipe r.json5 --output out",
    environment: [String: String] = [:], leftovers: [String] = [], location: SourceLocation = #_sourceLocation
  ) throws {
    let run = try bench.lathe(arguments, environment: environment)
    #expect(run.status == 1, "\(run.errors)", sourceLocation: location)
    #expect(
      run.complaints.count == 1 && run.errors.hasSuffix("\n"), "\(run.errors)", sourceLocation: location)
    let sentence = run.errors.split(separator: "\n").last.map(String.init) ?? ""
    for part in parts { #expect(sentence.contains(part), "\(sentence)", sourceLocation: location) }
    #expect(
      sentence.hasPrefix("lathe: ") && !sentence.hasSuffix("."), "\(sentence)", sourceLocation: location)
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
      ("a header beyond the file", safetensors("{}", length: 1 << 40)),
      ("a header of 2^64-1", safetensors("{}", length: .max)),
      ("no JSON", safetensors("{\"a\":")),
      (
        "overlap",
        safetensors(
          #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
          data: 12)
      ),
      (
        "offsets beyond the file",
        safetensors(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 4)
      ),
      ("a shape that lies", safetensors(#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, data: 8)),
      (
        "sizes that overflow",
        safetensors(#"{"a":{"dtype":"F32","shape":[\#(huge),\#(huge)],"data_offsets":[0,8]}}"#, data: 8)
      ),
      (
        "a negative extent", safetensors(#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, data: 8)
      ),
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
    let map = JSONObject(
      names.map { ($0, .string($0.contains("layers.1") ? "b.safetensors" : "model.safetensors")) })
    let index: JSON = ["metadata": ["total_size": 1], "weight_map": .object(map)]
    try bench.folder.write(index.text(), to: "model/model.safetensors.index.json")
    try expectRefusal(bench, "b.safetensors")
    try FileManager.default.moveItem(
      atPath: file, toPath: bench.folder.file("model/model-00001-of-00002.safetensors"))
    try FileManager.default.removeItem(atPath: "\(file).index.json")
    try expectRefusal(bench, "model-00001-of-00002.safetensors", "index")
  }

  @Test(
    "a configuration that does not fit is refused with the key or tensor",
    arguments: [
      ("hidden_size", "48", "model.embed_tokens.weight"), ("num_hidden_layers", "3", "model.layers.2."),
      ("num_key_value_heads", "3", "num_key_value_heads"), ("intermediate_size", "-4", "intermediate_size"),
      ("vocab_size", "100", "model.embed_tokens.weight"), ("model_type", "\"mamba\"", "mamba"),
      ("hidden_size", "99999999999999", "hidden_size"),
      ("tie_word_embeddings", "\"yes\"", "tie_word_embeddings"),
      ("hidden_act", "\"swoosh\"", "swoosh"), ("head_dim", "0", "head_dim"),
      ("num_hidden_layers", "1e30", "num_hidden_layers"),
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
    try expectRefusal(
      bench, "none.json5", arguments: "compress --model model --recipe none.json5 --output out")
    try expectRefusal(
      bench, "no/such", arguments: "compress --model model --recipe r.json5 --output no/such/out")
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

  @Test("calibration text that is empty, short, not UTF-8 or missing is refused")
  func calibration() throws {
    let bench = try CommandBench()
    for (bytes, part) in [([], "empty"), (Array("the lion".utf8), "tokens"), ([0xff, 0xfe, 0x41], "UTF-8")]
      as [([UInt8], String)]
    {
      try bench.folder.write(bytes, to: "text.txt")
      try expectRefusal(bench, part)
      try expectRefusal(bench, part, arguments: "plan --model model --recipe r.json5")
    }
    for (bytes, part) in [([], "text"), (Array("the lion".utf8), "tokens"), ([0xff], "UTF-8")]
      as [([UInt8], String)]
    {
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
    try expectRefusal(
      bench, "fake.so", "cannot be used as a plugin", arguments: arguments, leftovers: ["fake.so"])
    let list = try bench.lathe("plugins list --plugin fake.so")
    #expect(list.status == 1 && list.complaints.count == 1)
    // Without plugins the strategy is unknown, and the sentence says where to look.
    try expectRefusal(
      bench, "svdllm-v2", "lathe plugins list", environment: ["LATHE_PLUGIN_PATH": "/nonexistent"],
      leftovers: ["fake.so"])
  }

  @Test("an output that exists is refused and stays; --force replaces it")
  func output() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'quantize' }")
    try FileManager.default.createDirectory(
      atPath: bench.folder.file("out"), withIntermediateDirectories: false)
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
      [
        "-c", "ulimit -f \(2 * kilobytes); exec \"$0\" compress --model model --recipe r.json5 --output out",
        BuildFolder.lathe,
      ],
      environment: ["OPENBLAS_CORETYPE": "Haswell", "LATHE_PLUGIN_PATH": BuildFolder.path],
      folder: bench.folder.path)
    #expect(run.status == 1, "\(run.errors)")
    #expect(
      run.complaints.count == 1 && run.complaints.first?.contains("File too large") == true, "\(run.errors)")
    #expect(bench.leftovers == [])
  }

  @Test(
    "a disk without space gives one sentence and leaves nothing", .enabled(if: geteuid() == 0),
    arguments: [24, 60])
  func smallDisk(kilobytes: Int) throws {
    let bench = try CommandBench()
    let place = bench.folder.file("disk")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    let mount = try ChildProcess.run(
      "/usr/bin/env", ["mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", place])
    // A container may forbid it.
    guard mount.status == 0 else { return }
    defer { _ = try? ChildProcess.run("/usr/bin/env", ["umount", "-l", place]) }
    let run = try bench.lathe("compress --model model --recipe r.json5 --output disk/out")
    #expect(run.status == 1 && run.complaints.count == 1, "\(run.errors)")
    #expect(run.errors.contains("disk"), "\(run.errors)")
    #expect(bench.folder.names(in: "disk") == [])
  }
}
