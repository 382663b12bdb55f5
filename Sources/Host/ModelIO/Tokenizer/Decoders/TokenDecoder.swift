/// Turns tokens back into text, one step of several. Tokens are well-formed UTF-8 before and after; what is
/// left at the end is joined.
protocol TokenDecoder: Sendable {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]]
}

extension ComponentFields {
  /// The decoder that these fields describe.
  func decoder() throws(TokenizerError) -> any TokenDecoder {
    let type = try type()
    switch type {
    case "Sequence":
      var members: [any TokenDecoder] = []
      for fields in try components("decoders") { members.append(try fields.decoder()) }
      return SequenceDecoder(members: members)
    case "ByteLevel": return ByteLevelDecoder()
    case "Replace":
      return ReplaceDecoder(pattern: try pattern("pattern"), replacement: Array(try string("content").utf8))
    case "ByteFallback": return ByteFallbackDecoder()
    case "Fuse": return FuseDecoder()
    case "Strip": return try StripDecoder(self)
    case "Metaspace":
      return MetaspaceDecoder(
        mark: Array(String(try metaspace()).utf8), dropsFirst: try PrependScheme(self) != .never)
    default: throw unknown("decoder", type: type)
    }
  }
}

/// One decoder after the other.
struct SequenceDecoder: TokenDecoder {
  let members: [any TokenDecoder]

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] { members.reduce(tokens) { $1.decode($0) } }
}

/// Joins all tokens into one.
struct FuseDecoder: TokenDecoder {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] { [Array(tokens.joined())] }
}

/// Replaces every match of a pattern in each token.
struct ReplaceDecoder: TokenDecoder {
  let pattern: Pattern
  let replacement: [UInt8]

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.map { pattern.replacing(in: $0, with: replacement) }
  }
}

/// Reads the byte alphabet; a token with a character outside it stands for its own bytes.
struct ByteLevelDecoder: TokenDecoder {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    let bytes = tokens.flatMap { ByteAlphabet.shared.decode($0) ?? $0 }
    return [Array(String(decoding: bytes, as: UTF8.self).utf8)]
  }
}
