import CLathe

/// What a linear layer does in its block. Raw values are those of `lathe.h`.
public enum Role: Int32, Sendable, Hashable, CaseIterable {
  case other = 0
  case query = 1
  case key = 2
  case value = 3
  case attentionOutput = 4
  case gate = 5
  case up = 6
  case down = 7
  case languageModelHead = 8
}

/// A linear layer of the model: a plain value, good for the whole stage.
public struct Node: Sendable, Hashable {
  let index: lathe_node
  /// "model.layers.3.self_attn.q_proj".
  public let name: String
  public let role: Role
  /// Nil outside the blocks.
  public let block: Int?
  /// Whether the recipe allows replacing it.
  public let isSelected: Bool
  /// Equal for nodes that read the same input.
  public let inputGroup: UInt32
  public let inFeatures: Int
  public let outFeatures: Int
  /// Of its factors when the node was read.
  public let storedBytes: Int
  /// Of its dense factors.
  public let elementType: ElementType

  init(index: lathe_node, _ info: lathe_node_info) {
    self.index = index
    name = info.name.map { String(cString: $0) } ?? "node \(index)"
    role = Role(rawValue: info.role) ?? .other
    block = info.block < 0 ? nil : Int(info.block)
    isSelected = info.flags & UInt32(LATHE_NODE_SELECTED) != 0
    inputGroup = info.input_group
    inFeatures = Int(info.in_features)
    outFeatures = Int(info.out_features)
    storedBytes = Int(clamping: info.stored_bytes)
    elementType = ElementType(info.dtype) ?? .float32
  }

  /// The host's index of this node: stable, and equal in every view.
  public var id: UInt32 { index }
}

/// Facts about the whole model.
public struct ModelFacts: Sendable, Hashable {
  public let architecture: String
  public let blockCount: Int
  public let hiddenSize: Int
  public let vocabularySize: Int
  /// Of all tensors now, after earlier stages.
  public let storedBytes: Int

  init(_ info: lathe_model_info) {
    architecture = info.architecture.map { String(cString: $0) } ?? ""
    blockCount = Int(info.block_count)
    hiddenSize = Int(info.hidden_size)
    vocabularySize = Int(info.vocabulary_size)
    storedBytes = Int(clamping: info.stored_bytes)
  }
}
