import ModelIO
import Tensors

/// Special tokens, whether they are added to a text, and the chat template.
struct GGUFSpecialTokens {
  private(set) var metadata: [(key: String, value: GGUFValue)] = []
  private(set) var notes: [String] = []

  init(_ checkpoint: Checkpoint, json: JSON, tokenizer: Tokenizer) {
    let settings = Self.file("tokenizer_config.json", of: checkpoint)
    let vocabularySize = checkpoint.model.configuration.vocabularySize
    /// By name in the tokenizer's settings, else by number in the model's.
    func id(_ name: String) -> Int? {
      let entry = settings?["\(name)_token"]
      if let text = entry?.stringValue ?? entry?["content"]?.stringValue, let id = tokenizer.tokenID(of: text)
      {
        return Int(id)
      }
      let listed = checkpoint.configuration["\(name)_token_id"]
      return (listed?.arrayValue?.first ?? listed)?.intValue
    }
    let frame = Self.frame(tokenizer)
    // A first token that nothing names is the one the tokenizer puts there.
    let first = id("bos") ?? (frame.before.count == 1 ? frame.before[0] : nil)
    let last = id("eos") ?? (frame.after.count == 1 ? frame.after[0] : nil)
    for (key, id) in [("bos_token_id", first), ("eos_token_id", last), ("padding_token_id", id("pad"))] {
      guard let id, (0..<vocabularySize).contains(id) else { continue }
      metadata.append(("tokenizer.ggml.\(key)", .u32(UInt32(id))))
    }
    let unknown = json["model"]?["unk_token"]?.stringValue.flatMap { tokenizer.tokenID(of: $0) }
    if let unknown, unknown >= 0 {
      metadata.append(("tokenizer.ggml.unknown_token_id", .u32(UInt32(unknown))))
    }
    add(frame, bos: first, eos: last)
    addTemplate(settings, checkpoint)
  }

  /// What the post-processor puts before and behind a text.
  private static func frame(_ tokenizer: Tokenizer) -> (before: [Int], after: [Int]) {
    let bare = tokenizer.encode("a").map(Int.init)
    let framed = tokenizer.encode("a", addSpecialTokens: true).map(Int.init)
    let start = framed.indices.first { framed[$0...].starts(with: bare) } ?? 0
    return (Array(framed[..<start]), Array(framed[min(framed.count, start + bare.count)...]))
  }

  /// GGUF can name one token before a text and one behind it.
  private mutating func add(_ frame: (before: [Int], after: [Int]), bos: Int?, eos: Int?) {
    let addsStart = !frame.before.isEmpty && frame.before == [bos]
    let addsEnd = !frame.after.isEmpty && frame.after == [eos]
    if !frame.before.isEmpty && !addsStart || !frame.after.isEmpty && !addsEnd {
      notes.append(
        "the tokenizer puts tokens around a text that are not just its first and last ones; GGUF readers will not"
      )
    }
    metadata += [
      ("tokenizer.ggml.add_bos_token", .bool(addsStart)), ("tokenizer.ggml.add_eos_token", .bool(addsEnd)),
    ]
  }

  private mutating func addTemplate(_ settings: JSON?, _ checkpoint: Checkpoint) {
    let key = "tokenizer.chat_template"
    if let name = checkpoint.companionFiles.first(where: { $0 == "chat_template.jinja" }),
      let text = try? Self.text("\(checkpoint.directory)/\(name)")
    {
      metadata.append((key, .string(text)))
    } else if let text = settings?["chat_template"]?.stringValue {
      metadata.append((key, .string(text)))
    } else if let list = settings?["chat_template"]?.arrayValue {
      let named = list.first { $0["name"]?.stringValue == "default" } ?? list.first
      if let text = named?["template"]?.stringValue { metadata.append((key, .string(text))) }
    }
  }

  private static func text(_ path: String) throws(TensorError) -> String? {
    let file = try MappedFile(path: path)
    return String(
      validating: UnsafeRawBufferPointer(start: file.storage.base, count: file.byteCount), as: UTF8.self)
  }

  private static func file(_ name: String, of checkpoint: Checkpoint) -> JSON? {
    guard checkpoint.companionFiles.contains(name) else { return nil }
    return try? JSON(contentsOfFile: "\(checkpoint.directory)/\(name)")
  }
}
