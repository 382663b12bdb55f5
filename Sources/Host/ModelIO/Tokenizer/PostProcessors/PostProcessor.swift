/// Adds special tokens to the ids of one text.
protocol PostProcessor: Sendable {
  func process(_ ids: [Int32]) -> [Int32]
}

extension ComponentFields {
  /// The post-processor that these fields describe.
  func postProcessor() throws(TokenizerError) -> any PostProcessor {
    let type = try type()
    switch type {
    case "Sequence":
      var members: [any PostProcessor] = []
      for fields in try components("processors") { members.append(try fields.postProcessor()) }
      return SequencePostProcessor(members: members)
    case "ByteLevel": return SequencePostProcessor(members: [])
    case "TemplateProcessing": return try TemplatePostProcessor(self)
    case "RobertaProcessing", "BertProcessing": return try TemplatePostProcessor(enclosing: self)
    default: throw unknown("post-processor", type: type)
    }
  }
}

/// One post-processor after the other; ByteLevel, which moves offsets only, is an empty one.
struct SequencePostProcessor: PostProcessor {
  let members: [any PostProcessor]

  func process(_ ids: [Int32]) -> [Int32] { members.reduce(ids) { $1.process($0) } }
}
