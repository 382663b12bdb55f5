import Foundation
import Graph
import ModelIO
import Tensors

/// A tiny model as a Hugging Face folder: random weights, a byte-level tokenizer, text; all functions of seeds.
public enum SyntheticFolder {
  /// Relatives that differ in what their blocks hold.
  public enum Family: String, CaseIterable, Sendable {
    case llama, qwen2, qwen3
  }

  /// Entries of the tokenizer's vocabulary: 256 bytes and `merges`.
  public static let vocabularySize = 256 + merges.count

  /// Two key and value heads for four query heads, two blocks unless said otherwise.
  public static func configuration(
    _ family: Family = .llama, blocks: Int = 2, isTied: Bool = false
  ) -> DecoderConfiguration {
    var result = RandomModel.configuration(
      blockCount: blocks, hiddenSize: 24, vocabularySize: vocabularySize, isTied: isTied)
    result.architecture = family.rawValue
    result.hasQueryKeyNorm = family == .qwen3
    if family == .qwen2 { result.biasedRoles = [.query, .key, .value] }
    return result
  }

  /// Writes `name` below `folder` and returns its path. `change` may damage the tensors first.
  @discardableResult
  public static func write(
    into folder: TestFolder, as name: String = "model", family: Family = .llama, blocks: Int = 2,
    isTied: Bool = false, elementType: ElementType = .bf16, seed: UInt64 = 1,
    change: (inout [String: Tensor]) throws -> Void = { _ in }
  ) throws -> String {
    let configuration = configuration(family, blocks: blocks, isTied: isTied)
    let model = try RandomModel.model(configuration, elementType: elementType, seed: seed)
    let path = folder.file(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    var tensors = Dictionary(model.storedTensors, uniquingKeysWith: { first, _ in first })
    try change(&tensors)
    try SafetensorsWriter.write(tensors, to: "\(path)/model.safetensors")
    try folder.write(json(configuration).text(), to: "\(name)/config.json")
    try folder.write(tokenizer.text(), to: "\(name)/tokenizer.json")
    return path
  }

  /// The `config.json` of a configuration.
  public static func json(_ configuration: DecoderConfiguration) -> JSON {
    [
      "model_type": .string(configuration.architecture), "hidden_size": .integer(configuration.hiddenSize),
      "intermediate_size": .integer(configuration.intermediateSize),
      "num_hidden_layers": .integer(configuration.blockCount),
      "num_attention_heads": .integer(configuration.headCount),
      "num_key_value_heads": .integer(configuration.keyValueHeadCount),
      "head_dim": .integer(configuration.headDimension), "vocab_size": .integer(configuration.vocabularySize),
      "rms_norm_eps": .number(configuration.normEpsilon), "rope_theta": .number(configuration.rotary.theta),
      "max_position_embeddings": .integer(configuration.maximumPositions), "hidden_act": "silu",
      "tie_word_embeddings": .bool(configuration.isTied), "torch_dtype": "bfloat16",
    ]
  }

  /// `words` made-up words in sentences, a function of the seed.
  public static func text(words: Int = 800, seed: UInt64 = 1) -> String {
    let random = CounterRandom(seed: seed, stream: 0x7465_7874)
    let syllables = ["the", "an", "ra", "lo", "in", "te", "mo", "sha", "ver", "qui", "ël", "bo"]
    var text = ""
    for word in 0..<words {
      let draw = random.words(at: UInt64(word))
      for part in 0...Int(draw.0 % 3) {
        text += syllables[Int(random.words(at: UInt64(words + 4 * word + part)).0) % syllables.count]
      }
      text += draw.1.isMultiple(of: 9) ? ".\n" : " "
    }
    return text
  }

  private static let merges = [
    ("t", "h"), ("th", "e"), ("a", "n"), ("i", "n"), ("Ġ", "th"), ("r", "a"), ("l", "o"),
  ]

  /// Bytes in GPT-2's alphabet have the ids 0 to 255, merges those after.
  public static var tokenizer: JSON {
    var vocabulary = JSONObject()
    var next: UInt32 = 256
    for byte in UInt32(0)..<256 {
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
      if !isPrintable { next += 1 }
      let scalar = Unicode.Scalar(isPrintable ? byte : next - 1).map(Character.init) ?? "?"
      vocabulary[String(scalar)] = .integer(Int(byte))
    }
    for (index, merge) in merges.enumerated() { vocabulary[merge.0 + merge.1] = .integer(256 + index) }
    let pieces: JSON = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ]
    return [
      "version": "1.0", "truncation": .null, "padding": .null, "added_tokens": [], "normalizer": .null,
      "pre_tokenizer": pieces, "post_processor": .null, "decoder": pieces,
      "model": [
        "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
        "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
        "vocab": .object(vocabulary), "merges": .array(merges.map { [.string($0.0), .string($0.1)] }),
      ],
    ]
  }
}
