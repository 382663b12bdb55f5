import Tensors

/// What the user asks of an export besides its format and place.
public struct ExportOptions: Sendable, Equatable {
  /// One of the format's `types`; nil keeps what is stored.
  public var type: String?
  /// One of the format's `embeddingTypes`, for the embedding and the head; nil leaves it to the format.
  public var embeddingType: String?
  /// Whether layers of several factors are multiplied out where the format has no factors.
  public var remultiplies: Bool

  public init(type: String? = nil, embeddingType: String? = nil, remultiplies: Bool = false) {
    self.type = type
    self.embeddingType = embeddingType
    self.remultiplies = remultiplies
  }

  /// The type that dense tensors are converted to; nil where nothing was asked, or where `type` is no name of a
  /// real element type.
  public var elementType: ElementType? {
    switch type {
    case "f32": .f32
    case "f16": .f16
    case "bf16": .bf16
    default: nil
    }
  }
}
