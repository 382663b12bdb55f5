import Graph
import TestSupport
import Tensors
import Testing

@testable import ModelIO

@Suite struct CheckpointTests {
  @Test("an opened folder has the layers, shapes and tensors that were written")
  func opening() throws {
    let temporary = TemporaryFolder()
    for type in ["llama", "mistral", "qwen2", "qwen3"] {
      let fixture = try CheckpointFixture([
        ("model_type", .string(type)), ("num_key_value_heads", 2), ("head_dim", 6), ("attention_bias", true),
      ])
      let checkpoint = try Checkpoint(directory: try fixture.write(temporary, type))
      let model = checkpoint.model
      #expect(model.nodes.map(\.index) == Array(0..<15))
      #expect(model.nodes.last?.role == .languageModelHead && model.nodes.last?.block == nil)
      #expect(model.nodes(inBlock: 1).map(\.role) == TensorNames.huggingFace.linears.map(\.role))
      #expect(model.nodes.allSatisfy { $0.elementType == .bf16 })
      #expect(checkpoint.configuration == fixture.json)
      let stored = model.storedTensors
      #expect(stored.map(\.name) == fixture.tensors.keys.sorted())
      for (name, tensor) in stored {
        #expect(fixture.tensors[name].map { bytes(of: $0) } == bytes(of: tensor))
        #expect(checkpoint.maps(tensor))
      }
    }
  }

  @Test("a bias that the configuration does not ask for is kept, one that it asks for must be there")
  func biases() throws {
    let temporary = TemporaryFolder()
    var fixture = try CheckpointFixture()
    fixture.tensors["model.layers.1.mlp.up_proj.bias"] = try randomTensor(.f32, [12], seed: 7)
    let model = try Checkpoint(directory: try fixture.write(temporary, "extra")).model
    #expect(model.linears[12].bias?.shape == [12])
    #expect(model.linears[11].bias == nil)
    fixture.set("mlp_bias", true)
    let path = try fixture.write(temporary, "absent")
    let missing = CheckpointFault.missingTensor("model.layers.0.mlp.gate_proj.bias")
    #expect(refusal(path) == .checkpoint(path: path, missing))
  }

  @Test("a head beside tied embeddings is put aside when it is the embedding and refused when it is not")
  func tied() throws {
    let temporary = TemporaryFolder()
    var fixture = try CheckpointFixture([("tie_word_embeddings", true)])
    let plain = try Checkpoint(directory: try fixture.write(temporary, "plain"))
    #expect(plain.ignoredTensors == [] && plain.model.nodes.count == 14)
    fixture.tensors["lm_head.weight"] = fixture.tensors["model.embed_tokens.weight"]
    let both = try Checkpoint(directory: try fixture.write(temporary, "both"))
    #expect(both.ignoredTensors == ["lm_head.weight"])
    #expect(both.model.storedTensors.map(\.name) == plain.model.storedTensors.map(\.name))
    fixture.tensors["lm_head.weight"] = try randomTensor(.bf16, [10, 8], seed: 70)
    let path = try fixture.write(temporary, "different")
    let differs = CheckpointFault.headDiffers(head: "lm_head.weight", embedding: "model.embed_tokens.weight")
    #expect(refusal(path) == .checkpoint(path: path, differs))
  }

  private func refusal(_ path: String) -> ModelIOError? {
    failure { () throws(ModelIOError) in try Checkpoint(directory: path) }
  }

  @Test("folders that are no complete model are refused with the fact that is wrong")
  func refusals() throws {
    let temporary = TemporaryFolder()
    let fixture = try CheckpointFixture()
    func expect(_ path: String, _ fault: CheckpointFault, _ place: SourceLocation = #_sourceLocation) {
      #expect(refusal(path) == .checkpoint(path: path, fault), sourceLocation: place)
    }
    func changed(_ name: String, _ change: (inout CheckpointFixture) throws -> Void) throws -> String {
      var fixture = fixture
      try change(&fixture)
      return try fixture.write(temporary, name)
    }
    expect(temporary.file("nowhere"), .noFolder)
    expect(temporary.folder("bare"), .noConfiguration)
    let pickled = temporary.folder("pickled")
    temporary.write(fixture.json.text(), to: "pickled/config.json")
    expect(pickled, .noWeights(found: nil))
    temporary.write("x", to: "pickled/pytorch_model.bin")
    expect(pickled, .noWeights(found: "pytorch_model.bin"))
    temporary.write("x", to: "pickled/model-00001-of-00002.safetensors")
    expect(pickled, .noIndex(shard: "model-00001-of-00002.safetensors"))
    let query = "model.layers.1.self_attn.q_proj.weight"
    expect(try changed("missing") { $0.tensors[query] = nil }, .missingTensor(query))
    expect(
      try changed("shape") { $0.tensors[query] = try randomTensor(.f16, [4, 16], seed: 1) },
      .wrongShape(tensor: query, expected: [8, 8], found: [4, 16]))
    expect(
      try changed("type") { $0.tensors[query] = try randomTensor(.i32, [8, 8], seed: 1) },
      .wrongType(tensor: query, expected: "F64, F32, F16 or BF16", found: "I32"))
    let norm = "model.layers.0.input_layernorm.weight"
    expect(
      try changed("norm") { $0.tensors[norm] = try randomTensor(.f32, [9], seed: 1) },
      .wrongShape(tensor: norm, expected: [8], found: [9]))
    let many = try changed("many") { $0.set("num_hidden_layers", 65_536) }
    expect(many, .missingTensor("model.layers.2.self_attn.q_proj.weight"))
  }

  @Test("models that others quantised are refused by the name of the method")
  func quantised() throws {
    let temporary = TemporaryFolder()
    let cases: [(String, JSON, ConfigurationFault)] = [
      ("quantization_config", ["quant_method": "gptq", "bits": 4], .quantized(method: "gptq")),
      ("quantization_config", ["bits": 4], .quantized(method: "an unknown method")),
      ("quantization", ["group_size": 64], .quantized(method: "quantization")),
      (
        "quantization_config", ["format": "lathe", "version": 2, "linears": [:]],
        .layoutVersion(found: "2", known: 1)
      ),
      (
        "quantization_config", ["format": "lathe", "version": 1],
        .missing(key: "quantization_config.linears")
      ),
    ]
    for (number, (key, value, fault)) in cases.enumerated() {
      var fixture = try CheckpointFixture()
      fixture.set(key, value)
      let path = try fixture.write(temporary, "\(number)")
      #expect(refusal(path) == .configuration(path: "\(path)/config.json", fault))
    }
  }

  @Test(
    "the shared models open, and what config.json says is what the model has",
    .enabled(if: Shared.has("golden/llama") && Shared.has("models/books-5m")))
  func shared() throws {
    for name in ["llama", "llama3-rope", "mistral-window", "qwen2", "qwen3"] {
      let checkpoint = try Checkpoint(directory: Shared.path("golden/\(name)"))
      #expect(checkpoint.model.nodes.count == (name == "qwen2" ? 14 : 15))
      #expect(checkpoint.companionFiles == ["generation_config.json"])
      #expect(checkpoint.tokenizerPath == nil)
    }
    let stories = try Checkpoint(directory: Shared.path("models/stories260K-hf"))
    #expect(stories.model.nodes.count == 35 && stories.model.configuration.headDimension == 8)
    let books = try Checkpoint(directory: Shared.path("models/books-5m"))
    #expect(
      books.sourceFiles == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
  }
}
