import Graph
import TestSupport
import Tensors
import Testing

@testable import ModelIO

/// Folders as the writer leaves them, with one thing wrong.
@Suite struct CheckpointRefusalTests {
  @Test("factors that do not fit their layout are refused")
  func badFactors() throws {
    let temporary = TemporaryFolder()
    let source = try CompressedFixture.source(in: temporary)
    let folder = temporary.folder("bad")
    _ = try CheckpointWriter(source: source).write(
      try CompressedFixture.compressed(source.model), into: folder)
    let file = try SafetensorsFile(path: "\(folder)/model.safetensors")
    let whole = Dictionary(uniqueKeysWithValues: file.names.map { ($0, file[$0]) })
    let key = "model.layers.0.self_attn.k_proj"
    let extents = { (rows: Int64, columns: Int64) in
      Tensor(.i64, [2]) { $0.copyBytes(from: [rows, columns].withUnsafeBytes { Array($0) }) }
    }
    let changes: [(String, Tensor?)] = [
      ("\(key).weight_shape", extents(4, 9)), ("\(key).weight_shape", extents(-4, 8)),
      ("\(key).weight_shape", extents(.max, .max)), ("\(key).weight_shape", extents(1 << 28, 1 << 28)),
      ("\(key).weight_shape", try randomTensor(.i64, [3], seed: 1)),
      ("\(key).weight_zero_point", nil), ("\(key).weight_packed", nil),
      ("\(key).weight_packed", try randomTensor(.u32, [4, 1], seed: 1)),
      ("\(key).weight_scale", try randomTensor(.f16, [4], seed: 1)),
      ("\(key).weight_scale", try randomTensor(.i16, [4, 3], seed: 1)),
      ("model.layers.0.self_attn.q_proj.0.1.weight", try randomTensor(.f32, [8, 4], seed: 1)),
      ("model.layers.0.self_attn.q_proj.0.0.weight", try randomTensor(.f32, [8], seed: 1)),
      ("model.layers.0.self_attn.o_proj.0.0.diagonal", try randomTensor(.f32, [9], seed: 1)),
    ]
    for (name, tensor) in changes {
      var tensors = whole.compactMapValues { $0 }
      tensors[name] = tensor
      try SafetensorsWriter.write(tensors, to: "\(folder)/model.safetensors")
      let error = failure { () throws(ModelIOError) in try Checkpoint(directory: folder) }
      guard case .checkpoint(folder, _) = error else {
        Issue.record("\(name) was accepted: \(String(describing: error))")
        continue
      }
    }
  }

  @Test("layouts that are no layouts are refused by the name of the layer")
  func badLayouts() throws {
    let temporary = TemporaryFolder()
    let name = "model.layers.0.self_attn.q_proj"
    func refusal(_ name: String, _ layout: JSON) throws -> ModelIOError? {
      var fixture = try CheckpointFixture()
      fixture.set(
        "quantization_config",
        ["format": "lathe", "version": 1, "linears": .object(JSONObject([(name, layout)]))])
      let path = try fixture.write(temporary, "model")
      let error = failure { () throws(ModelIOError) in try Checkpoint(directory: path) }
      FilePath.remove(path)
      return error
    }
    let layouts: [JSON] = [
      nil, 1, [], [[]], [1], [[1]], [[["storage": "sparse"]]], [[["storage": "quantized"]]],
      [[["storage": "quantized", "bits": 9, "group_size": 1, "symmetric": true]]],
      [[["storage": "quantized", "bits": 4, "group_size": -1, "symmetric": true]]],
      [[["storage": "quantized", "bits": 4, "group_size": 1, "symmetric": 1]]],
    ]
    for layout in layouts {
      guard case .checkpoint(_, .badLayout(name, _)) = try refusal(name, layout) else {
        Issue.record("\(layout) was accepted")
        continue
      }
    }
    #expect(try refusal(name, [[["storage": "dense"]]]) == nil)
    let unknown = try refusal("lm_tail", [[["storage": "dense"]]])
    #expect(unknown == .checkpoint(path: temporary.file("model"), .unknownLinear("lm_tail")))
  }

  @Test("shards that are missing, wrong or elsewhere are refused")
  func badShards() throws {
    let temporary = TemporaryFolder()
    let source = try CompressedFixture.source(in: temporary)
    let folder = temporary.folder("shards")
    _ = try CheckpointWriter(source: source, maximumShardBytes: 1500).write(source.model, into: folder)
    func refusal() -> ModelIOError? {
      failure { () throws(ModelIOError) in try Checkpoint(directory: folder) }
    }
    #expect(refusal() == nil)
    let index = "shards/model.safetensors.index.json"
    let good = bytes(ofFile: temporary.file(index))
    let json = try JSON(contentsOfFile: temporary.file(index))
    func rewrite(_ shard: JSON) {
      var members = json["weight_map"]?.objectValue ?? JSONObject()
      members["lm_head.weight"] = shard
      temporary.write(JSON.object(["weight_map": .object(members)]).text(), to: index)
    }
    rewrite("../model.safetensors")
    #expect(refusal() == .checkpoint(path: folder, .badShardName("../model.safetensors")))
    rewrite("model-00002-of-00002.safetensors")
    #expect(
      refusal()
        == .checkpoint(
          path: folder, .notInShard(tensor: "lm_head.weight", shard: "model-00002-of-00002.safetensors")))
    rewrite("other.safetensors")
    #expect(refusal() == .checkpoint(path: folder, .missingShard("other.safetensors")))
    temporary.write("{}", to: index)
    #expect(refusal() == .checkpoint(path: folder, .badIndex(reason: "it has no \"weight_map\"")))
    temporary.write(good, to: index)
    temporary.write(
      bytes(ofFile: "\(folder)/model-00001-of-00002.safetensors"),
      to: "shards/model-00002-of-00002.safetensors")
    guard case .checkpoint(folder, .inTwoShards) = refusal() else {
      Issue.record("a tensor in two shards was accepted")
      return
    }
  }
}
