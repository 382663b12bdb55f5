/// A family of decoders as data: what differs between relatives, and the names of their tensors.
///
/// A new relative is an entry of `Architecture.known`.
public struct Architecture: Sendable {
  /// When a layer has a bias.
  public enum BiasRule: Sendable, Equatable {
    case never
    case always
    /// As the boolean of this name in `config.json` says; false when it is absent.
    case key(String)
  }

  /// Which blocks attend to a sliding window.
  public enum WindowRule: Sendable, Equatable {
    case never
    /// All blocks, when `sliding_window` is a number.
    case everyBlock
    /// When `use_sliding_window` is true: the blocks `layer_types` names, else those from `max_window_layers` on.
    case gated
  }

  /// The `model_type` of `config.json`.
  public let name: String
  /// The entry of `architectures` in `config.json`.
  public let className: String
  public let queryKeyValueBias: BiasRule
  public let attentionOutputBias: BiasRule
  public let mlpBias: BiasRule
  public let hasQueryKeyNorm: Bool
  public let window: WindowRule
  public var names: TensorNames = .huggingFace

  public static let known: [Architecture] = [
    Architecture(
      name: "llama", className: "LlamaForCausalLM", queryKeyValueBias: .key("attention_bias"),
      attentionOutputBias: .key("attention_bias"), mlpBias: .key("mlp_bias"), hasQueryKeyNorm: false,
      window: .never),
    Architecture(
      name: "mistral", className: "MistralForCausalLM", queryKeyValueBias: .never,
      attentionOutputBias: .never, mlpBias: .never, hasQueryKeyNorm: false, window: .everyBlock),
    Architecture(
      name: "qwen2", className: "Qwen2ForCausalLM", queryKeyValueBias: .always, attentionOutputBias: .never,
      mlpBias: .never, hasQueryKeyNorm: false, window: .gated),
    Architecture(
      name: "qwen3", className: "Qwen3ForCausalLM", queryKeyValueBias: .key("attention_bias"),
      attentionOutputBias: .key("attention_bias"), mlpBias: .never, hasQueryKeyNorm: true, window: .gated),
  ]

  /// The entry with this `model_type`.
  public static func named(_ modelType: String) throws(GraphError) -> Architecture {
    guard let found = known.first(where: { $0.name == modelType }) else {
      throw .unknownArchitecture(found: modelType, known: known.map(\.name))
    }
    return found
  }

  /// The bias rule of a role.
  public func biasRule(of role: Role) -> BiasRule {
    switch role {
    case .query, .key, .value: queryKeyValueBias
    case .attentionOutput: attentionOutputBias
    case .gate, .up, .down: mlpBias
    case .languageModelHead, .other: .never
    }
  }
}

/// Names of a decoder's tensors in its checkpoint; `#` stands for the block's number.
public struct TensorNames: Sendable {
  public var embedding: String
  public var finalNorm: String
  public var head: String
  public var inputNorm: String
  public var postAttentionNorm: String
  public var queryNorm: String
  public var keyNorm: String
  public var linears: [(role: Role, name: String)]

  /// The names that `transformers` gives Llama and its relatives.
  public static let huggingFace = TensorNames(
    embedding: "model.embed_tokens.weight", finalNorm: "model.norm.weight", head: "lm_head",
    inputNorm: "model.layers.#.input_layernorm.weight",
    postAttentionNorm: "model.layers.#.post_attention_layernorm.weight",
    queryNorm: "model.layers.#.self_attn.q_norm.weight", keyNorm: "model.layers.#.self_attn.k_norm.weight",
    linears: [
      (.query, "model.layers.#.self_attn.q_proj"), (.key, "model.layers.#.self_attn.k_proj"),
      (.value, "model.layers.#.self_attn.v_proj"), (.attentionOutput, "model.layers.#.self_attn.o_proj"),
      (.gate, "model.layers.#.mlp.gate_proj"), (.up, "model.layers.#.mlp.up_proj"),
      (.down, "model.layers.#.mlp.down_proj"),
    ])

  /// `template` with the number of `block` in it.
  public static func name(_ template: String, block: Int) -> String {
    guard let mark = template.firstIndex(of: "#") else { return template }
    return template[..<mark] + "\(block)" + template[template.index(after: mark)...]
  }
}
