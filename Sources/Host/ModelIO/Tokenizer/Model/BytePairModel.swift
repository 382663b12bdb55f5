/// Byte-pair encoding: a word starts as its characters, and neighbours are merged by rank (arXiv 1508.07909).
struct BytePairModel: Sendable {
  let vocabulary: Vocabulary
  let merges: MergeTable
  let symbols: SymbolTable
  let unknown: Int32?
  let fusesUnknown: Bool
  let ignoresMerges: Bool
  /// The ids of `<0x00>`…`<0xFF>` where characters outside the vocabulary fall back to their bytes; -1 for
  /// none.
  let byteTokens: [Int32]?
  /// What each symbol but a word's first gets in front, and its last gets behind.
  let prefix: [UInt8]
  let suffix: [UInt8]

  init(_ fields: ComponentFields) throws(TokenizerError) {
    let type = try fields.string("type", default: "BPE")
    guard type == "BPE" else { throw fields.unknown("model", type: type) }
    if let dropout = fields.object["dropout"], dropout.doubleValue != 0, !dropout.isNull {
      throw .unsupported(path: fields.path, setting: "a model with dropout")
    }
    let vocabulary = try Vocabulary(
      fields.members("vocab"), place: "\(fields.place).vocab", path: fields.path)
    self.vocabulary = vocabulary
    prefix = Array(try fields.string("continuing_subword_prefix", default: "").utf8)
    suffix = Array(try fields.string("end_of_word_suffix", default: "").utf8)
    fusesUnknown = try fields.bool("fuse_unk", default: false)
    ignoresMerges = try fields.bool("ignore_merges", default: false)
    byteTokens = try fields.bool("byte_fallback", default: false) ? Self.byteTokens(vocabulary) : nil
    unknown = try fields.nonEmptyString("unk_token").map { (token) throws(TokenizerError) in
      guard let id = vocabulary.id(of: token) else {
        throw .unknownToken(path: fields.path, token: token, user: "`\(fields.place).unk_token`")
      }
      return id
    }
    let list = try fields.array("merges")
    var merges = MergeTable(capacity: list.count)
    var symbols = SymbolTable(vocabulary, jointCapacity: list.count)
    var reader = MergeReader(fields: fields, vocabulary: vocabulary, prefixLength: prefix.count)
    for (rank, json) in list.enumerated() {
      let merge = try reader.read(json, rank: rank)
      merges.set(merge.left, merge.right, rank: rank, product: merge.product)
      if let joint = merge.joint { symbols.addJoint(joint.left, joint.right) }
    }
    self.merges = merges
    self.symbols = symbols
  }

  private static func byteTokens(_ vocabulary: Vocabulary) -> [Int32] {
    (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return vocabulary.id(of: "<0x\(byte < 16 ? "0" : "")\(digits)>") ?? -1
    }
  }

  /// The bytes whose tokens stand for a string of the vocabulary's alphabet; nil where one has none.
  func fallback(for bytes: UnsafeBufferPointer<UInt8>) -> [Int32]? {
    guard let byteTokens else { return nil }
    let ids = bytes.map { byteTokens[Int($0)] }
    return ids.contains(-1) ? nil : ids
  }
}
