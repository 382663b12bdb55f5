import Foundation
import ModelIO
import TestSupport
import Testing

@testable import Export

/// A folder with this tokenizer and as many rows as it has tokens, or `rows`.
private func vocabulary(
  _ tokenizer: JSON, rows: Int? = nil, settings: JSON? = nil
) throws -> (file: GGUFFile, warnings: [String]) {
  var configuration = GGUFBench.configuration()
  configuration.vocabularySize = try rows ?? Tokenizer(json: tokenizer, path: "").vocabularySize
  let bench = try GGUFBench(configuration, tokenizer: tokenizer)
  if let settings { try bench.folder.write(settings.text(), to: "model/tokenizer_config.json") }
  return try bench.export("q8_0")
}

private func shared(_ path: String) throws -> JSON {
  try JSON(contentsOfFile: Shared.path(path))
}

extension GGUFFile {
  fileprivate func strings(_ key: String) -> [String] {
    guard case .array(_, let elements) = self[key] else { return [] }
    return elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
  }

  fileprivate func kinds() -> [Int32] {
    guard case .array(_, let elements) = self["tokenizer.ggml.token_type"] else { return [] }
    return elements.compactMap { if case .i32(let kind) = $0 { kind } else { nil } }
  }
}

@Suite struct GGUFTokenizerTests {
  @Test("a byte-level tokenizer keeps its tokens, its merges and the name of its rule")
  func byteLevel() throws {
    let file = try vocabulary(SyntheticFolder.tokenizer).file
    #expect(file["tokenizer.ggml.model"] == .string("gpt2"))
    #expect(file["tokenizer.ggml.pre"] == .string("gpt-2"))
    #expect(file.strings("tokenizer.ggml.merges").first == "t h")
    let tokenizer = try Tokenizer(json: SyntheticFolder.tokenizer, path: "")
    let tokens = file.strings("tokenizer.ggml.tokens")
    #expect(tokens.count == SyntheticFolder.vocabularySize)
    for (id, token) in tokens.enumerated() { #expect(tokenizer.token(of: Int32(id)) == token) }
    #expect(file["tokenizer.ggml.add_bos_token"] == .bool(false))
  }

  @Test("rules for cutting words have the names that readers know, and others are refused")
  func names() throws {
    func name(_ steps: [JSON], ignoresMerges: Bool = false) -> String? {
      let level: JSON = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
      return GGUFPreTokenizer.name(
        for: ["type": "Sequence", "pretokenizers": .array(steps + [level])], ignoresMerges: ignoresMerges)
    }
    func split(_ pattern: String, _ behavior: String = "Isolated") -> JSON {
      [
        "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": .string(behavior),
        "invert": false,
      ]
    }
    let start = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"#
    let end = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    #expect(name([split(start + end)]) == "qwen2")
    #expect(name([split(start + "{1,3}" + end)], ignoresMerges: true) == "llama-bpe")
    #expect(name([split(start + "{1,3}" + end)]) == "dbrx")
    #expect(name([split(start + end)], ignoresMerges: true) == nil)
    #expect(name([split(start + end, "Removed")]) == nil)
    #expect(name([split(#"\p{L}+"#)]) == nil)
    let words: JSON = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true]
    let digits: JSON = ["type": "Digits", "individual_digits": true]
    #expect(
      GGUFPreTokenizer.name(
        for: ["type": "Sequence", "pretokenizers": [digits, words]], ignoresMerges: false) == "smollm")
    var json = SyntheticFolder.tokenizer.objectValue ?? [:]
    json["pre_tokenizer"] = ["type": "ByteLevel", "add_prefix_space": true, "use_regex": true]
    do {
      _ = try vocabulary(.object(json))
      Issue.record("an unknown rule was written")
    } catch { #expect("\(error)".contains("gpt-2")) }
  }

  @Test("GPT-2's own tokenizer is named", .enabled(if: Shared.has("tokenizers/gpt2/tokenizer.json")))
  func gpt2() throws {
    let file = try vocabulary(shared("tokenizers/gpt2/tokenizer.json")).file
    #expect(file["tokenizer.ggml.pre"] == .string("gpt-2"))
    #expect(file.strings("tokenizer.ggml.merges").count == 50000)
    #expect(file.kinds().last == 3)
  }

  @Test(
    "tokens and scores cut texts as the tokenizer does",
    .enabled(if: Shared.has("tokenizers/llama2/tokenizer.json")), arguments: ["llama2", "phi3"])
  func scores(name: String) throws {
    let json = try shared("tokenizers/\(name)/tokenizer.json")
    let file = try vocabulary(json, rows: 32064).file
    guard case .array(_, let elements) = file["tokenizer.ggml.scores"] else {
      Issue.record("no scores")
      return
    }
    let scores = elements.map { if case .f32(let score) = $0 { score } else { Float.nan } }
    let texts = file.strings("tokenizer.ggml.tokens")
    let naive = NaiveSentencePiece(
      ids: Dictionary(zip(texts, 0...), uniquingKeysWith: { first, _ in first }), scores: scores)
    let tokenizer = try Tokenizer(json: json, path: "")
    #expect(file["tokenizer.ggml.add_space_prefix"] == .bool(true))
    #expect(file["tokenizer.ggml.add_bos_token"] == .bool(name == "llama2"))
    let inputs = try String(contentsOfFile: Shared.path("tokenizers/\(name)/vectors.inp"), encoding: .utf8)
    for text in inputs.components(separatedBy: "\n__ggml_vocab_test__\n")
    where (1..<80).contains(text.unicodeScalars.count) {
      let ours = tokenizer.encode(text).map(Int.init)
      #expect(naive.encode(text, addsSpace: true) == ours, "\(text.debugDescription)")
    }
  }

  @Test(
    "a token that merges do not make, or whose merges are mixed with another's, is refused",
    .enabled(if: Shared.has("models/stories260K-hf/tokenizer.json")))
  func inexpressible() throws {
    let whole = try shared("models/stories260K-hf/tokenizer.json")
    func refused(_ change: (inout [JSON]) -> Void) throws {
      var json = whole.objectValue ?? [:]
      var model = json["model"]?.objectValue ?? [:]
      var merges = model["merges"]?.arrayValue ?? []
      change(&merges)
      model["merges"] = .array(merges)
      json["model"] = .object(model)
      #expect(throws: ExportError.self) { _ = try vocabulary(.object(json)) }
    }
    #expect(throws: Never.self) { _ = try vocabulary(whole) }
    try refused { $0.removeLast() }
    try refused { merges in merges.insert(merges[0], at: 2) }
  }

  @Test("special, user-defined, byte, unknown and missing tokens have their kinds")
  func kinds() throws {
    var vocabulary = JSONObject()
    vocabulary["<unk>"] = .integer(0)
    for byte in 0..<256 {
      let digits = String(byte, radix: 16, uppercase: true)
      vocabulary["<0x\(byte < 16 ? "0" : "")\(digits)>"] = .integer(1 + byte)
    }
    vocabulary["\u{2581}"] = .integer(257)
    let json: JSON = [
      "model": [
        "type": "BPE", "vocab": .object(vocabulary), "merges": [], "unk_token": "<unk>",
        "byte_fallback": true,
      ],
      "normalizer": ["type": "Replace", "pattern": ["String": " "], "content": "\u{2581}"],
      "pre_tokenizer": .null, "decoder": .null,
      "post_processor": [
        "type": "TemplateProcessing",
        "single": [["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
        "pair": [], "special_tokens": ["<s>": ["id": "<s>", "ids": [258], "tokens": ["<s>"]]],
      ],
      "added_tokens": [
        ["id": 258, "content": "<s>", "special": true, "normalized": false],
        ["id": 260, "content": "<tool>", "special": false, "normalized": false],
      ],
    ]
    let settings: JSON = ["bos_token": ["content": "<s>"], "chat_template": "{{ x }}"]
    let file = try Tests.file(json, rows: 263, settings: settings)
    #expect(file.kinds() == [2] + [Int32](repeating: 6, count: 256) + [1, 3, 5, 4, 5, 5])
    #expect(file.strings("tokenizer.ggml.tokens").suffix(3) == ["<tool>", "[PAD261]", "[PAD262]"])
    #expect(file["tokenizer.ggml.bos_token_id"] == .u32(258))
    #expect(file["tokenizer.ggml.unknown_token_id"] == .u32(0))
    #expect(file["tokenizer.ggml.add_bos_token"] == .bool(true))
    #expect(file["tokenizer.ggml.add_space_prefix"] == .bool(false))
    #expect(file["tokenizer.chat_template"] == .string("{{ x }}"))
    #expect(throws: ExportError.self) { _ = try Tests.file(json, rows: 200, settings: nil) }
  }

  private enum Tests {
    static func file(_ json: JSON, rows: Int, settings: JSON?) throws -> GGUFFile {
      try vocabulary(json, rows: rows, settings: settings).file
    }
  }

  @Test("a model without a tokenizer says so")
  func none() throws {
    let (file, warnings) = try GGUFBench(tokenizer: nil).export()
    #expect(file["tokenizer.ggml.model"] == .string("no_vocab"))
    #expect(warnings.contains { $0.contains("tokenizer.json") })
  }
}
