import Graph
import Testing

@testable import ModelIO

/// Expected values are what the configuration classes of transformers 5.23.0 make of the same JSON.
@Suite struct ConfigurationTests {
  private let base: JSONObject = [
    "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 4, "num_attention_heads": 4,
    "vocab_size": 256,
  ]

  private func json(_ type: String, _ changes: JSONObject) -> JSON {
    var members = base
    members["model_type"] = .string(type)
    for (key, value) in changes { members[key] = value }
    return .object(members)
  }

  private func parse(_ type: String, _ changes: JSONObject = [:]) throws -> DecoderConfiguration {
    try ModelConfiguration.parse(json(type, changes), path: "config.json")
  }

  private func fault(_ json: JSON) -> ConfigurationFault? {
    let error = failure { () throws(ModelIOError) in try ModelConfiguration.parse(json, path: "config.json") }
    guard case .configuration("config.json", let fault) = error else { return nil }
    return fault
  }

  @Test("absent keys mean what each architecture's own class makes of them")
  func defaults() throws {
    let llama = try parse("llama")
    let expected = DecoderConfiguration(
      architecture: "llama", hiddenSize: 64, intermediateSize: 176, blockCount: 4, headCount: 4,
      keyValueHeadCount: 4, headDimension: 16, vocabularySize: 256, normEpsilon: 1e-6, activation: .silu,
      rotary: RotaryConfiguration(theta: 10_000, dimensions: 16, scaling: .none), isTied: false,
      hasQueryKeyNorm: false, windows: [nil, nil, nil, nil], biasedRoles: [], maximumPositions: 2048)
    #expect(llama == expected)

    let mistral = try parse("mistral", ["num_attention_heads": 8])
    #expect(mistral.keyValueHeadCount == 8 && mistral.maximumPositions == 131_072)
    #expect(mistral.windows == [4096, 4096, 4096, 4096])

    let qwen2 = try parse("qwen2", ["num_attention_heads": 32])
    #expect(qwen2.keyValueHeadCount == 32 && qwen2.headDimension == 2 && qwen2.maximumPositions == 32_768)
    #expect(qwen2.biasedRoles == [.query, .key, .value])

    let qwen3 = try parse("qwen3", ["num_attention_heads": 32])
    #expect(qwen3.headDimension == 128 && qwen3.hasQueryKeyNorm && qwen3.biasedRoles == [])
  }

  @Test("a null is an absent key, except where the class's own default differs")
  func nulls() throws {
    let llama = try parse("llama", ["head_dim": nil, "num_key_value_heads": nil, "rope_scaling": nil])
    #expect(try llama == parse("llama"))
    #expect(try parse("mistral", ["num_key_value_heads": nil]).keyValueHeadCount == 4)
    #expect(try parse("qwen3", ["num_key_value_heads": nil, "head_dim": nil]).headDimension == 16)
    #expect(
      try parse("mistral", ["num_key_value_heads": 2, "sliding_window": nil]).windows == [nil, nil, nil, nil])
  }

  @Test("without model_type the class name decides")
  func architectures() throws {
    var members = base
    members["architectures"] = ["Qwen3ForCausalLM"]
    members["num_key_value_heads"] = 2
    let configuration = try ModelConfiguration.parse(.object(members), path: "config.json")
    #expect(configuration.architecture == "qwen3")
    let known = ["llama", "mistral", "qwen2", "qwen3"]
    #expect(fault(.object(base)) == .noArchitecture(known: known))
    #expect(fault(json("gpt2", [:])) == .unknownArchitecture(found: "gpt2", known: known))
    members["architectures"] = ["GPT2LMHeadModel"]
    let classes = ["LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"]
    #expect(fault(.object(members)) == .unknownArchitecture(found: "GPT2LMHeadModel", known: classes))
  }

  @Test("windows follow the rule of the architecture")
  func windows() throws {
    let gated: JSONObject = ["num_key_value_heads": 4, "use_sliding_window": true, "sliding_window": 16]
    func windows(_ changes: JSONObject) throws -> [Int?] {
      var members = gated
      for (key, value) in changes { members[key] = value }
      return try parse("qwen3", members).windows
    }
    #expect(try windows(["max_window_layers": 2]) == [nil, nil, 16, 16])
    #expect(try windows([:]) == [nil, nil, nil, nil])
    #expect(try windows(["max_window_layers": 0, "use_sliding_window": false]) == [nil, nil, nil, nil])
    #expect(try windows(["max_window_layers": 0, "sliding_window": nil]) == [nil, nil, nil, nil])
    let types: JSON = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
    #expect(try windows(["layer_types": types]) == [16, nil, 16, nil])
    #expect(try parse("llama", ["sliding_window": 16]).windows == [nil, nil, nil, nil])
    #expect(throws: ModelIOError.self) { try windows(["layer_types": ["full_attention"]]) }
    #expect(throws: ModelIOError.self) {
      try windows([
        "layer_types": ["full_attention", "full_attention", "full_attention", "chunked_attention"]
      ])
    }
  }

  @Test("biases, tying and activations are read")
  func flags() throws {
    let biased = try parse("llama", ["attention_bias": true, "mlp_bias": true, "tie_word_embeddings": true])
    #expect(
      biased.biasedRoles == [.query, .key, .value, .attentionOutput, .gate, .up, .down] && biased.isTied)
    #expect(try parse("llama", ["hidden_act": "gelu_new"]).activation == .geluTanh)
    #expect(try parse("llama", ["hidden_activation": "gelu"]).activation == .gelu)
    let known = ["silu", "gelu", "gelu_pytorch_tanh", "relu"]
    #expect(
      fault(json("llama", ["hidden_act": "mish"]))
        == .unknownChoice(key: "hidden_act", found: "mish", known: known))
  }

  @Test("values without sense are refused by their key")
  func senseless() throws {
    func key(_ changes: JSONObject) -> String? {
      guard case .senseless(let key, _, _) = fault(json("llama", changes)) else { return nil }
      return key
    }
    let integers = [
      "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size",
      "num_key_value_heads", "head_dim", "max_position_embeddings",
    ]
    for name in integers {
      for value: JSON in [0, -4, 1.5, "64", [], 9_223_372_036_854_775_807, 1e300] {
        #expect(key([name: value]) == name)
      }
    }
    for name in integers.prefix(5) {
      #expect(fault(json("llama", [name: nil])) == .missing(key: name))
    }
    for value: JSON in [0, -1e-6, 1, "1e-6"] { #expect(key(["rms_norm_eps": value]) == "rms_norm_eps") }
    for value: JSON in [0, -1, 1, true] { #expect(key(["rope_theta": value]) == "rope_theta") }
    #expect(key(["tie_word_embeddings": "yes"]) == "tie_word_embeddings")
    #expect(
      fault(json("llama", ["num_key_value_heads": 3]))
        == .headsNotMultiple(headCount: 4, keyValueHeadCount: 3))
    #expect(
      fault(json("llama", ["num_attention_heads": 6])) == .headsDoNotDivide(hiddenSize: 64, headCount: 6))
    #expect(fault(json("llama", ["head_dim": 15])) == .oddRotaryDimensions(found: 15, headDimension: 15))
    #expect(fault([1]) == .notAnObject)
  }

  @Test("an error names the file, the key and what to do")
  func text() {
    let error = failure { () throws(ModelIOError) in
      try ModelConfiguration.parse(json("llama", ["hidden_size": -64]), path: "a/config.json")
    }
    #expect(
      error?.description
        == "a/config.json: \"hidden_size\" is -64, but must be an integer from 1 to 268435456; correct it")
  }
}
