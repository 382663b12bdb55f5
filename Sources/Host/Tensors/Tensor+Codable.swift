/// Where the bytes of tensors go when values that hold tensors are encoded, and where they come from.
public protocol TensorStore: Sendable {
  /// Puts the bytes of `tensor` where the reader finds them.
  func place(_ tensor: Tensor) throws -> TensorPlace
  /// The bytes at `place`, `byteCount` of them.
  func storage(at place: TensorPlace, byteCount: Int) throws -> Storage
}

/// A place in one of the files that two processes share.
public struct TensorPlace: Sendable, Codable, Equatable {
  public var file: Int
  public var offset: Int

  public init(file: Int, offset: Int) {
    self.file = file
    self.offset = offset
  }
}

extension CodingUserInfoKey {
  /// The `TensorStore` of an encoder or a decoder of tensors.
  public static let tensorStore = CodingUserInfoKey(rawValue: "tensorStore")
}

/// A tensor is encoded as its type, its shape and a place; the bytes themselves go through the `TensorStore`.
extension Tensor: Codable {
  private enum Key: String, CodingKey {
    case type, shape, place
  }

  /// What is wrong with an encoded tensor.
  private struct Fault: Error, CustomStringConvertible {
    let description: String
  }

  private static func store(_ userInfo: [CodingUserInfoKey: Any]) throws -> any TensorStore {
    guard let key = CodingUserInfoKey.tensorStore, let store = userInfo[key] as? any TensorStore else {
      throw Fault(description: "a tensor cannot be coded without a store for its bytes")
    }
    return store
  }

  public func encode(to encoder: any Encoder) throws {
    let place = try Self.store(encoder.userInfo).place(self)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(elementType, forKey: .type)
    try container.encode(shape, forKey: .shape)
    try container.encode(place, forKey: .place)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let type = try container.decode(ElementType.self, forKey: .type)
    let shape = try container.decode([Int].self, forKey: .shape)
    var count = type.byteCount
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else { throw Fault(description: "a tensor has an impossible shape") }
      count = product
    }
    let place = try container.decode(TensorPlace.self, forKey: .place)
    let storage = try Self.store(decoder.userInfo).storage(at: place, byteCount: count)
    guard storage.byteCount >= count else { throw Fault(description: "a tensor is larger than its place") }
    self.init(type, shape, storage: storage)
  }
}
