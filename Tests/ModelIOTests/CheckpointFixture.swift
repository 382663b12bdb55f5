import Glibc
import Graph
import Tensors

@testable import ModelIO

/// A new folder for one test, removed with the last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/lathe-tests-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
  }

  deinit { FilePath.remove(path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func folder(_ name: String) -> String {
    mkdir(file(name), 0o755)
    return file(name)
  }

  func write(_ bytes: [UInt8], to name: String) {
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    defer { close(descriptor) }
    precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
  }

  func write(_ text: String, to name: String) { write(Array(text.utf8), to: name) }
}

/// The bytes of a file; empty when there is none.
func bytes(ofFile path: String) -> [UInt8] {
  guard let file = try? MappedFile(path: path) else { return [] }
  return Array(UnsafeRawBufferPointer(start: file.storage.base, count: file.byteCount))
}

func bytes(of tensor: Tensor) -> [UInt8] { tensor.withBytes { Array($0) } }

/// A tensor of random bits, which for real types are small finite numbers.
func randomTensor(_ type: ElementType, _ shape: [Int], seed: UInt64) throws -> Tensor {
  let random = CounterRandom(seed: seed)
  guard !type.isReal else {
    let values = (0..<shape.reduce(1, *)).map { random.normal(at: UInt64($0)) }
    return try Tensor(shape, values).converted(to: type)
  }
  return Tensor(type, shape) { bytes in
    for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: random.bits(at: UInt64(i))) }
  }
}

/// A random model folder of two blocks.
struct CheckpointFixture {
  var json: JSON = [
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "intermediate_size": 12,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 10,
    "tie_word_embeddings": false, "torch_dtype": "bfloat16", "custom": ["kept", 1e-05],
  ]
  var type = ElementType.bf16
  var tensors: [String: Tensor] = [:]

  init(_ changes: [(String, JSON?)] = []) throws {
    for (key, value) in changes { set(key, value) }
    let configuration = try ModelConfiguration.parse(json, path: "config.json")
    let names = try Architecture.named(configuration.architecture).names
    var seed: UInt64 = 1
    func add(_ name: String, _ shape: [Int]) throws {
      seed += 1
      tensors[name] = try randomTensor(type, shape, seed: seed)
    }
    for block in 0..<configuration.blockCount {
      for (role, name) in names.linears {
        let name = TensorNames.name(name, block: block)
        try add("\(name).weight", configuration.shape(of: role))
        if configuration.biasedRoles.contains(role) {
          try add("\(name).bias", [configuration.shape(of: role)[0]])
        }
      }
      try add(TensorNames.name(names.inputNorm, block: block), [configuration.hiddenSize])
      try add(TensorNames.name(names.postAttentionNorm, block: block), [configuration.hiddenSize])
      if configuration.hasQueryKeyNorm {
        try add(TensorNames.name(names.queryNorm, block: block), [configuration.headDimension])
        try add(TensorNames.name(names.keyNorm, block: block), [configuration.headDimension])
      }
    }
    try add(names.embedding, [configuration.vocabularySize, configuration.hiddenSize])
    try add(names.finalNorm, [configuration.hiddenSize])
    if !configuration.isTied { try add("lm_head.weight", configuration.shape(of: .languageModelHead)) }
  }

  mutating func set(_ key: String, _ value: JSON?) {
    var members = json.objectValue ?? JSONObject()
    members[key] = value
    json = .object(members)
  }

  /// Writes the folder and opens nothing.
  @discardableResult
  func write(_ temporary: TemporaryFolder, _ name: String = "model") throws -> String {
    let folder = temporary.folder(name)
    temporary.write(json.text(), to: "\(name)/config.json")
    try SafetensorsWriter.write(tensors, to: "\(folder)/model.safetensors")
    return folder
  }
}

/// `Result` of an expression that throws only `ModelIOError`, to compare errors.
func failure<Value>(_ body: () throws(ModelIOError) -> Value) -> ModelIOError? {
  do {
    _ = try body()
    return nil
  } catch { return error }
}
