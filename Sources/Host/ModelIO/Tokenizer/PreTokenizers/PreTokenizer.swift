/// Cuts a text into pieces that the model then encodes each by itself.
protocol PreTokenizer: Sendable {
  func split(_ text: inout PiecedText)
}

/// A text in pieces. Pieces are not empty, come in order and may leave parts of the bytes out.
struct PiecedText {
  var bytes: [UInt8]
  var pieces: [Range<Int>]
  /// Whether the bytes begin where the whole input begins.
  let isAtInputStart: Bool

  init(_ bytes: [UInt8], isAtInputStart: Bool) {
    self.bytes = bytes
    pieces = bytes.isEmpty ? [] : [0..<bytes.count]
    self.isAtInputStart = isAtInputStart
  }

  /// Writes the bytes anew piece by piece; what lay between pieces is gone.
  mutating func rewrite(
    _ write: (_ old: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, _ new: inout [UInt8]) -> Void
  ) {
    var new: [UInt8] = []
    new.reserveCapacity(bytes.count * 5 / 4)
    bytes.withUnsafeBufferPointer { old in
      for index in pieces.indices {
        let start = new.count
        write(old, pieces[index], &new)
        pieces[index] = start..<new.count
      }
    }
    bytes = new
  }
}

extension ComponentFields {
  /// The pre-tokenizer that these fields describe.
  func preTokenizer() throws(TokenizerError) -> any PreTokenizer {
    let type = try type()
    switch type {
    case "Sequence":
      var members: [any PreTokenizer] = []
      for fields in try components("pretokenizers") { members.append(try fields.preTokenizer()) }
      return SequencePreTokenizer(members: members)
    case "ByteLevel": return try ByteLevelPreTokenizer(self)
    case "Metaspace": return try MetaspacePreTokenizer(self)
    default:
      guard let split = try SplitPreTokenizer(self, type: type) else {
        throw unknown("pre-tokenizer", type: type)
      }
      return split
    }
  }
}

/// One pre-tokenizer after the other.
struct SequencePreTokenizer: PreTokenizer {
  let members: [any PreTokenizer]

  func split(_ text: inout PiecedText) {
    for member in members { member.split(&text) }
  }
}
