/// Reads the entries of a model's `merges`: `"a b"` or `["a", "b"]`.
struct MergeReader {
  struct Merge {
    let left: Int32
    let right: Int32
    let product: Int32
    /// The scalars on both sides of the seam.
    let joint: (left: Unicode.Scalar, right: Unicode.Scalar)?
  }

  let fields: ComponentFields
  let vocabulary: Vocabulary
  /// How many bytes of the right part do not go into the product.
  let prefixLength: Int
  private var product: [UInt8] = []

  init(fields: ComponentFields, vocabulary: Vocabulary, prefixLength: Int) {
    self.fields = fields
    self.vocabulary = vocabulary
    self.prefixLength = prefixLength
  }

  mutating func read(_ json: JSON, rank: Int) throws(TokenizerError) -> Merge {
    guard let (left, right) = parts(of: json), !left.isEmpty, !right.isEmpty else {
      throw fields.malformed("merges[\(rank)]", expected: "two tokens")
    }
    product.removeAll(keepingCapacity: true)
    product.append(contentsOf: left.utf8)
    product.append(contentsOf: right.utf8.dropFirst(prefixLength))
    guard let leftID = vocabulary.id(of: left) else { throw missing(left, rank) }
    guard let rightID = vocabulary.id(of: right) else { throw missing(right, rank) }
    guard let id = product.withUnsafeBufferPointer({ vocabulary.id(of: $0) }) else {
      throw missing(String(decoding: product, as: UTF8.self), rank)
    }
    let joint: (Unicode.Scalar, Unicode.Scalar)?
    if let last = left.unicodeScalars.last, let first = right.unicodeScalars.first {
      joint = (last, first)
    } else {
      joint = nil
    }
    return Merge(left: leftID, right: rightID, product: id, joint: joint)
  }

  private func missing(_ token: String, _ rank: Int) -> TokenizerError {
    .unknownToken(path: fields.path, token: token, user: "`\(fields.place).merges[\(rank)]`")
  }

  private func parts(of json: JSON) -> (String, String)? {
    switch json {
    case .array(let parts):
      guard parts.count == 2, let left = parts[0].stringValue, let right = parts[1].stringValue else {
        return nil
      }
      return (left, right)
    case .string(let text):
      let scalars = text.utf8
      guard let space = scalars.firstIndex(of: 0x20) else { return nil }
      let right = text[scalars.index(after: space)...]
      return right.utf8.contains(0x20) ? nil : (String(text[..<space]), String(right))
    default: return nil
    }
  }
}
