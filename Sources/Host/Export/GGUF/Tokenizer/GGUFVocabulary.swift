import ModelIO

/// The tokenizer of a folder as metadata of a GGUF file.
struct GGUFVocabulary {
  private(set) var metadata: [(key: String, value: GGUFValue)] = []
  private(set) var notes: [String] = []

  /// Without a `tokenizer.json` the file says that it has no vocabulary.
  static func metadata(of checkpoint: Checkpoint) throws(GGUFObstacle) -> GGUFVocabulary {
    guard let path = checkpoint.tokenizerPath else { return GGUFVocabulary(none: checkpoint.directory) }
    let json: JSON
    do throws(ModelIOError) { json = try JSON(contentsOfFile: path) } catch {
      throw .unreadable(error.description)
    }
    let tokenizer: Tokenizer
    do throws(TokenizerError) { tokenizer = try Tokenizer(json: json, path: path) } catch {
      throw .unreadable(error.description)
    }
    var vocabulary = try GGUFVocabulary(
      json, count: checkpoint.model.configuration.vocabularySize, path: path)
    let special = GGUFSpecialTokens(checkpoint, json: json, tokenizer: tokenizer)
    vocabulary.metadata += special.metadata
    vocabulary.notes += special.notes
    return vocabulary
  }

  private init(none directory: String) {
    metadata = [("tokenizer.ggml.model", .string("no_vocab"))]
    notes = ["\(directory) has no tokenizer.json, so the file has no vocabulary and takes token ids only"]
  }

  private init(_ json: JSON, count: Int, path: String) throws(GGUFObstacle) {
    let model = json["model"]
    let normalizers = Self.flat(json["normalizer"], "normalizers")
    let cutters = Self.flat(json["pre_tokenizer"], "pretokenizers")
    let isByteLevel = (normalizers + cutters).contains { $0["type"]?.stringValue == "ByteLevel" }
    let hasByteTokens = model?["byte_fallback"]?.boolValue == true
    let tokens = try GGUFTokens(json, count: count, path: path, hasByteTokens: hasByteTokens && !isByteLevel)
    let merges = (model?["merges"]?.arrayValue ?? []).compactMap(Self.merge)
    if isByteLevel {
      try addByteLevel(json, merges: merges, normalizers: normalizers, path: path)
    } else {
      try addSentencePiece(tokens, merges: merges, normalizers: normalizers, cutters: cutters, path: path)
    }
    metadata += tokens.metadata
  }

  private mutating func addByteLevel(
    _ json: JSON, merges: [(left: String, right: String)], normalizers: [JSON], path: String
  ) throws(GGUFObstacle) {
    let ignoresMerges = json["model"]?["ignore_merges"]?.boolValue == true
    guard let name = GGUFPreTokenizer.name(for: json["pre_tokenizer"], ignoresMerges: ignoresMerges) else {
      let known = GGUFPreTokenizer.known.map(\.name).joined(separator: ", ")
      throw .tokenizer(
        path: path,
        reason: "its way of cutting text into words is none that GGUF has a name for and Lathe knows "
          + "(\(known)); export to another format")
    }
    for normalizer in normalizers {
      let type = normalizer["type"]?.stringValue ?? ""
      guard type == "NFC" else {
        throw .tokenizer(
          path: path,
          reason: "GGUF cannot say the normalizer \(type) of a byte-level tokenizer; "
            + "export to another format")
      }
      notes.append(
        "the tokenizer composes characters (NFC) first and llama.cpp does not: text with decomposed "
          + "characters gives other tokens")
    }
    metadata = [
      ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string(name)),
      ("tokenizer.ggml.merges", .array(.string, merges.map { .string("\($0.left) \($0.right)") })),
    ]
  }

  private mutating func addSentencePiece(
    _ tokens: GGUFTokens, merges: [(left: String, right: String)], normalizers: [JSON], cutters: [JSON],
    path: String
  ) throws(GGUFObstacle) {
    let metaspace = cutters.first { $0["type"]?.stringValue == "Metaspace" }
    let replaces = normalizers.contains {
      $0["pattern"]?["String"]?.stringValue == " " && $0["content"]?.stringValue == "\u{2581}"
    }
    let bytes = Set(zip(tokens.texts, tokens.kinds).compactMap { $1 == .byte ? GGUFTokens.byte($0) : nil })
    guard metaspace != nil || replaces, bytes.count == 256 else {
      throw .tokenizer(
        path: path,
        reason: "it is neither byte-level nor has it \"\u{2581}\" for spaces and 256 tokens for bytes, "
          + "and GGUF has no other kind for these architectures; export to another format")
    }
    let scores = try SentencePieceScores(tokens, merges: merges, path: path)
    let older = metaspace?["add_prefix_space"]?.boolValue != false
    let scheme = metaspace?["prepend_scheme"]?.stringValue ?? (older ? "always" : "never")
    let prepends =
      metaspace.map { _ in scheme != "never" }
      ?? normalizers.contains { $0["prepend"]?.stringValue == "\u{2581}" }
    let known: Set = ["Prepend", "Replace"]
    let lost = normalizers.filter { normalizer in
      !known.contains(normalizer["type"]?.stringValue ?? "")
        || normalizer["type"]?.stringValue == "Replace"
          && normalizer["pattern"]?["String"]?.stringValue != " "
    }
    if !lost.isEmpty {
      notes.append(
        "the tokenizer also rewrites text (\(lost.compactMap { $0["type"]?.stringValue }.joined(separator: ", "))), "
          + "which GGUF cannot say: text that it changes gives other tokens")
    }
    metadata = [
      ("tokenizer.ggml.model", .string("llama")), ("tokenizer.ggml.pre", .string("default")),
      ("tokenizer.ggml.scores", .array(.f32, scores.values.map(GGUFValue.f32))),
      ("tokenizer.ggml.add_space_prefix", .bool(prepends)),
    ]
  }

  /// A component, or the members of a sequence.
  private static func flat(_ json: JSON?, _ members: String) -> [JSON] {
    guard let json, !json.isNull else { return [] }
    guard json["type"]?.stringValue == "Sequence" else { return [json] }
    return (json[members]?.arrayValue ?? []).flatMap { flat($0, members) }
  }

  private static func merge(_ json: JSON) -> (left: String, right: String)? {
    if let pair = json.arrayValue, pair.count == 2, let left = pair[0].stringValue,
      let right = pair[1].stringValue
    {
      return (left, right)
    }
    let parts = json.stringValue?.split(separator: " ", maxSplits: 1).map(String.init) ?? []
    return parts.count == 2 ? (parts[0], parts[1]) : nil
  }
}
