import Foundation
import Glibc
import ModelIO
import Tensors
import TestSupport
import Testing

/// Each way a model folder can be bad: one sentence, a status that is not 0, and no output folder.
@Suite struct BadModelTests {
  /// A safetensors file with the given header and bytes of data.
  private func safetensors(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    let size = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * UInt64($0))) } + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  @Test(
    "a pipe in place of a model's file is refused at once", .timeLimit(.minutes(1)),
    arguments: ["config.json", "model.safetensors", "tokenizer.json", "lathe.json"])
  func pipe(name: String) throws {
    let bench = try CommandBench()
    unlink(bench.folder.file("model/\(name)"))
    #expect(mkfifo(bench.folder.file("model/\(name)"), 0o600) == 0)
    let command = name == "lathe.json" ? "verify" : "eval --text text.txt --model"
    let run = try bench.lathe("\(command) model")
    #expect(run.status == 1 && run.complaints.count == 1, "\(run.errors)")
    #expect(run.complaints.first?.contains(name) == true, "\(run.errors)")
    if name == "lathe.json" {
      #expect(run.errors.contains("is not a regular file"), "\(run.errors)")
      // A history that cannot be read is left out, as one that is no JSON.
      #expect(try bench.compress().status == 0)
    }
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
      try bench.expectRefusal("model.safetensors")
      try bench.expectRefusal("model.safetensors", arguments: "eval --model model --text text.txt")
      try bench.expectRefusal("model.safetensors", arguments: "inspect model")
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
      environment: ["OPENBLAS_NUM_THREADS": "1"], folder: bench.folder.path)
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
    try bench.expectRefusal(shards[1], "missing")
    try FileManager.default.removeItem(atPath: "\(file).index.json")
    try bench.expectRefusal(shards[0], "index")
  }

  @Test(
    "a configuration that does not fit is refused with the key or tensor",
    arguments: [
      ("hidden_size", "48", "model.layers.0.self_attn.q_proj.weight"),
      ("num_hidden_layers", "3", "model.layers.2."),
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
    try bench.expectRefusal(part)
  }
}
