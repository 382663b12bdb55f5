import Foundation
import Graph
import ModelIO
import Tensors

/// A Llama-shaped checkpoint of random bfloat16 weights with a tokenizer and text, written tensor by tensor.
///
/// Heads of 128, four query heads to one of keys and values, F = 2.75 D rounded to a multiple of 64. With `keep` every
/// layer of the blocks is two factors of about that share of its elements, the rank a multiple of 64.
struct RandomCheckpoint {
  let directory: String
  let size: Int
  let blocks: Int
  var vocabulary = 256
  var keep: Double?

  private static let head = 128

  var textPath: String { "\(directory)/text.txt" }
  var weightsPath: String { "\(directory)/model.safetensors" }
  var intermediate: Int { (size * 11 / 4 + 32) / 64 * 64 }
  private var heads: Int { max(size / Self.head, 4) }

  /// Makes the folder; `characters` of random text.
  func write(characters: Int) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try save(configuration, "config.json")
    try save(tokenizer, "tokenizer.json")
    let random = CounterRandom(seed: 11)
    let letters = (0..<characters).map { UInt8(ascii: "a") + UInt8(random.words(at: UInt64($0)).0 % 26) }
    try Data(letters).write(to: URL(filePath: textPath))
    let writer = try SafetensorsWriter(entries, path: weightsPath)
    var stream: UInt64 = 0
    _ = try writer.write(to: weightsPath) { entry in
      stream += 1
      return tensor(entry.shape, stream: stream)
    }
  }

  private var entries: [SafetensorsEntry] {
    let names = TensorNames.huggingFace
    let keys = heads / 4 * Self.head
    let shapes: [Role: [Int]] = [
      .query: [heads * Self.head, size], .key: [keys, size], .value: [keys, size],
      .attentionOutput: [size, heads * Self.head], .gate: [intermediate, size], .up: [intermediate, size],
      .down: [size, intermediate],
    ]
    var all = [(names.embedding, [vocabulary, size]), (names.finalNorm, [size])]
    for block in 0..<blocks {
      all += [names.inputNorm, names.postAttentionNorm].map { (TensorNames.name($0, block: block), [size]) }
      for (role, name) in names.linears {
        let stem = TensorNames.name(name, block: block)
        guard let shape = shapes[role] else { continue }
        guard let rank = rank(shape) else {
          all.append((stem + ".weight", shape))
          continue
        }
        all += [("\(stem).0.0.weight", [rank, shape[1]]), ("\(stem).0.1.weight", [shape[0], rank])]
      }
    }
    return all.map { SafetensorsEntry(name: $0.0, elementType: .bf16, shape: $0.1) }
  }

  /// Ones for vectors; for matrices uniform elements that keep the size of what they multiply.
  private func tensor(_ shape: [Int], stream: UInt64) -> Tensor {
    let random = CounterRandom(seed: 5, stream: stream)
    let width = shape.count == 2 ? 2 * (3 / Float(shape[1])).squareRoot() : 0
    return Tensor(.bf16, shape) { bytes in
      let values = bytes.bindMemory(to: UInt16.self)
      var index = 0
      while index < values.count {
        let words = random.words(at: UInt64(index / 4))
        for word in [words.0, words.1, words.2, words.3].prefix(values.count - index) {
          values[index] =
            shape.count == 2 ? BFloat16.bits((Float(word >> 8) * 0x1p-24 - 0.5) * width) : 0x3f80
          index += 1
        }
      }
    }
  }

  /// The rank at which two factors hold the share `keep` of a matrix.
  private func rank(_ shape: [Int]) -> Int? {
    keep.map { share in
      max(64, Int(share * Double(shape[0] * shape[1]) / Double(shape[0] + shape[1])) / 64 * 64)
    }
  }

  private var configuration: JSON {
    var all: JSONObject = [
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
      "hidden_size": .integer(size), "intermediate_size": .integer(intermediate),
      "num_hidden_layers": .integer(blocks), "num_attention_heads": .integer(heads),
      "num_key_value_heads": .integer(heads / 4), "head_dim": .integer(Self.head),
      "vocab_size": .integer(vocabulary), "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
      "max_position_embeddings": 4096, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
    ]
    guard keep != nil else { return .object(all) }
    var linears = JSONObject()
    for block in 0..<blocks {
      for (_, name) in TensorNames.huggingFace.linears {
        linears[TensorNames.name(name, block: block)] = [[["storage": "dense"], ["storage": "dense"]]]
      }
    }
    all["quantization_config"] = ["format": "lathe", "version": 1, "linears": .object(linears)]
    return .object(all)
  }

  /// One token per byte, named as byte-level tokenizers name them, and names for the others.
  private var tokenizer: JSON {
    var vocabulary = JSONObject()
    var unprintable: UInt32 = 0
    for byte in UInt32(0)...255 {
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
      let code = isPrintable ? byte : 256 + unprintable
      if !isPrintable { unprintable += 1 }
      guard let scalar = Unicode.Scalar(code) else { continue }
      vocabulary[String(Character(scalar))] = .integer(Int(byte))
    }
    for id in 256..<max(self.vocabulary, 256) { vocabulary["<\(id)>"] = .integer(id) }
    return [
      "version": "1.0", "added_tokens": [], "normalizer": nil,
      "pre_tokenizer": [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
      ],
      "post_processor": nil, "decoder": ["type": "ByteLevel"],
      "model": ["type": "BPE", "vocab": .object(vocabulary), "merges": []],
    ]
  }

  private func save(_ json: JSON, _ name: String) throws {
    try Data(json.text().utf8).write(to: URL(filePath: "\(directory)/\(name)"))
  }
}

extension RandomCheckpoint {
  /// `lathe-benchmarks random-model`: a folder for measurements of other commands.
  static func make(_ arguments: BenchmarkArguments) throws -> JSON {
    let checkpoint = RandomCheckpoint(
      directory: arguments.directory, size: arguments.sizes[0], blocks: arguments.blocks,
      vocabulary: arguments.vocabulary, keep: arguments.keep)
    guard !FileManager.default.fileExists(atPath: checkpoint.directory) else {
      throw BenchmarkError.impossible("\(checkpoint.directory) exists already; choose another --directory")
    }
    try checkpoint.write(characters: 4096)
    let bytes = try FileManager.default.attributesOfItem(atPath: checkpoint.weightsPath)[.size] as? Int
    return ["directory": .string(checkpoint.directory), "weightBytes": .integer(bytes ?? 0)]
  }
}
