import Foundation
import Graph
import ModelIO
import Tensors
import TestSupport
import Testing

@testable import Export

@Suite struct GGUFMappingTests {
  @Test("an F32 file holds every number of the model", arguments: ["llama", "qwen2", "qwen3"])
  func everything(architecture: String) throws {
    var configuration = GGUFBench.configuration(architecture)
    if architecture == "llama" { configuration.biasedRoles = [.query, .key, .value, .attentionOutput] }
    let bench = try GGUFBench(configuration, settings: ["attention_bias": .bool(architecture == "llama")])
    let file = try bench.export("f32").file
    let model = try bench.checkpoint().model
    var expected: [String: [Float]] = [:]
    for (name, target) in [("model.embed_tokens", "token_embd"), ("model.norm", "output_norm")] {
      expected["\(target).weight"] = try model.others["\(name).weight"]?.floats()
    }
    let norms = [
      "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
      "self_attn.q_norm": "attn_q_norm",
      "self_attn.k_norm": "attn_k_norm",
    ]
    for block in 0..<2 {
      for (name, target) in norms {
        expected["blk.\(block).\(target).weight"] = try model.others["model.layers.\(block).\(name).weight"]?
          .floats()
      }
    }
    let parts = [
      "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
      "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
      "mlp.down_proj": "ffn_down",
    ]
    for node in model.nodes {
      let part = parts.first { node.name.hasSuffix($0.key) }?.value ?? "output"
      let target = node.block.map { "blk.\($0).\(part)" } ?? part
      guard case .dense(let weight) = model.linears[node.index].terms[0][0] else { continue }
      let moves = architecture == "llama" && ["attn_q", "attn_k"].contains(part)
      let arrange = { (values: [Float], width: Int) in
        moves ? Self.neighbours(values, width: width, headDimension: 16) : values
      }
      expected["\(target).weight"] = arrange(try weight.floats(), node.inFeatures)
      if let bias = model.linears[node.index].bias {
        expected["\(target).bias"] = arrange(try bias.floats(), 1)
      }
    }
    #expect(Set(file.tensors.map(\.name)) == Set(expected.keys))
    for (name, values) in expected { #expect(try file.values(name) == values, "\(name)") }
    let vectors = file.tensors.filter { $0.shape.count == 1 }
    #expect(vectors.allSatisfy { $0.type == .f32 })
  }

  /// The published view of the rows: (heads, 2, d / 2) to (heads, d / 2, 2).
  private static func neighbours(_ values: [Float], width: Int, headDimension: Int) -> [Float] {
    let rows = values.count / width
    var result: [Float] = []
    for head in 0..<rows / headDimension {
      for i in 0..<headDimension / 2 {
        for half in 0..<2 {
          let row = head * headDimension + half * headDimension / 2 + i
          result += values[row * width..<(row + 1) * width]
        }
      }
    }
    return result
  }

  @Test("a tied head is left out")
  func tied() throws {
    let file = try GGUFBench(GGUFBench.configuration(isTied: true)).export().file
    #expect(!file.tensors.contains { $0.name == "output.weight" })
  }

  @Test("hyperparameters are those of the configuration")
  func hyperparameters() throws {
    let file = try GGUFBench(GGUFBench.configuration("qwen3")).export().file
    let expected: [String: GGUFValue] = [
      "general.architecture": .string("qwen3"), "general.file_type": .u32(0),
      "qwen3.context_length": .u32(128),
      "qwen3.embedding_length": .u32(64), "qwen3.block_count": .u32(2), "qwen3.feed_forward_length": .u32(96),
      "qwen3.attention.head_count": .u32(4), "qwen3.attention.head_count_kv": .u32(2),
      "qwen3.attention.key_length": .u32(16), "qwen3.rope.dimension_count": .u32(16),
      "qwen3.rope.freq_base": .f32(10000), "qwen3.attention.layer_norm_rms_epsilon": .f32(1e-5),
    ]
    for (key, value) in expected { #expect(file[key] == value, "\(key)") }
  }

  @Test("one and four threads give the same bytes, and so does another run")
  func threads() throws {
    let bench = try GGUFBench()
    for (index, threads) in [1, 4, 1].enumerated() {
      try bench.export("q4_0", name: "\(index).gguf", threads: threads)
    }
    let files = try (0..<3).map { try Data(contentsOf: URL(filePath: bench.folder.file("\($0).gguf"))) }
    #expect(files[0] == files[1])
    #expect(files[0] == files[2])
  }

  @Test("embedding and head get Q8_0 below eight bits, the blocks' type above, or what is asked")
  func embeddings() throws {
    let bench = try GGUFBench()
    for (blocks, asked, expected) in [
      ("q4_0", nil, GGUFType.q8), ("q8_0", nil, .q8), ("f16", nil, .f16), ("q4_0", "f16", .f16),
      (nil, "q8_0", .q8), (nil, nil, .f32),
    ] {
      let file = try bench.export(blocks, embeddings: asked).file
      for name in ["token_embd.weight", "output.weight"] { #expect(file.type(name) == expected) }
    }
  }

  @Test("rows that do not fit a type fall back, and a warning says so")
  func fallback() throws {
    let (file, warnings) = try GGUFBench().export("q4_k")
    #expect(file.type("blk.0.ffn_down.weight") == .q5)
    #expect(warnings.contains { $0.contains("Q4_K") && $0.contains("Q5_0") })
  }

  @Test("a value that a type cannot hold is refused by name, and nothing is written")
  func values() throws {
    for value in [Float.nan, .infinity, 1e6] {
      let bench = try GGUFBench { node, linear in
        guard node.index == 3 else { return nil }
        let values = [Float](repeating: value, count: node.outFeatures * node.inFeatures)
        return try Linear(weight: Tensor([node.outFeatures, node.inFeatures], values), bias: nil)
      }
      let before = bench.folder.names()
      do {
        try bench.export("f16")
        Issue.record("\(value) was written")
      } catch { #expect("\(error)".contains("blk.0.attn_output.weight")) }
      #expect(bench.folder.names() == before)
    }
  }

  @Test("what GGUF cannot say is refused before anything is written")
  func refusals() throws {
    func refused(_ text: String, _ bench: GGUFBench) throws {
      let before = bench.folder.names()
      do {
        try bench.export()
        Issue.record("\(text) was exported")
      } catch { #expect("\(error)".contains(text), "\(error)") }
      #expect(bench.folder.names() == before)
    }
    try refused("gelu", GGUFBench(settings: ["hidden_act": "gelu"]))
    let dynamic: JSONObject = ["rope_type": "dynamic", "factor": .number(2)]
    try refused("dynamic", GGUFBench(settings: ["rope_scaling": .object(dynamic)]))
    try refused("8 of 16", GGUFBench(settings: ["partial_rotary_factor": .number(0.5)]))
    let windows: JSONObject = [
      "use_sliding_window": true, "sliding_window": .integer(8), "max_window_layers": .integer(1),
    ]
    try refused("block 1", GGUFBench(GGUFBench.configuration("qwen2"), settings: windows))
    try refused(
      "--remultiply",
      GGUFBench { node, linear in
        node.index == 0
          ? try TestLayers.replacing(linear, terms: [TestLayers.factors(node, rank: 5)]) : nil
      })
  }

  @Test("factors are multiplied out where that is asked")
  func remultiplied() throws {
    let bench = try GGUFBench { node, linear in
      node.role == .up ? try TestLayers.replacing(linear, terms: [TestLayers.factors(node, rank: 5)]) : nil
    }
    let file = try bench.export("f32", remultiplies: true).file
    let model = try bench.checkpoint().model
    let node = try #require(model.nodes.first { $0.role == .up })
    let factors = try model.linears[node.index].terms[0].map { factor -> [Float] in
      guard case .dense(let tensor) = factor else { return [] }
      return try tensor.floats()
    }
    let values = try file.values("blk.0.ffn_up.weight")
    for i in 0..<node.outFeatures {
      for j in 0..<node.inFeatures {
        let exact = (0..<5).reduce(0.0) {
          $0 + Double(factors[1][i * 5 + $1]) * Double(factors[0][$1 * node.inFeatures + j])
        }
        #expect(abs(Double(values[i * node.inFeatures + j]) - exact) < 1e-5)
      }
    }
  }
}
