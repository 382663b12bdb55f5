import ModelIO

/// The pre-tokenizers that GGUF has names for: a byte-level vocabulary is useless without the rule by which text is cut
/// into words, and the file holds no rule but a name that readers know.
struct GGUFPreTokenizer: Sendable {
  /// How text is cut, as `tokenizer.json` says it.
  enum Step: Equatable, Sendable {
    case split(String)
    case singleDigits
    /// GPT-2's own rule.
    case words
  }

  /// The value of `tokenizer.ggml.pre`.
  let name: String
  let steps: [Step]
  /// Whether a word that is a token is taken whole, before any merge.
  let ignoresMerges: Bool

  /// Each entry is the rule that readers have under the name.
  static let known: [GGUFPreTokenizer] = [
    GGUFPreTokenizer(name: "gpt-2", steps: [.words], ignoresMerges: false),
    // Digits one by one, then GPT-2's rule: SmolLM and StarCoder.
    GGUFPreTokenizer(name: "smollm", steps: [.singleDigits, .words], ignoresMerges: false),
    GGUFPreTokenizer(name: "llama-bpe", steps: [.split(threeDigits)], ignoresMerges: true),
    // The rule of Llama 3 without its preference for whole words.
    GGUFPreTokenizer(name: "dbrx", steps: [.split(threeDigits)], ignoresMerges: false),
    GGUFPreTokenizer(name: "qwen2", steps: [.split(oneDigit)], ignoresMerges: false),
    // Mistral's later models: words change at an upper-case letter.
    GGUFPreTokenizer(name: "tekken", steps: [.split(camelCase)], ignoresMerges: true),
  ]

  private static let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let letters = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
  private static let threeDigits = letters + #"\p{N}{1,3}"# + rest
  private static let oneDigit = letters + #"\p{N}"# + rest
  private static let camelCase =
    #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"#
    + #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}"#
    + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// The name for the pre-tokenizer of a `tokenizer.json`; nil where there is none.
  static func name(for preTokenizer: JSON?, ignoresMerges: Bool) -> String? {
    guard let steps = steps(preTokenizer) else { return nil }
    return known.first { $0.steps == steps && $0.ignoresMerges == ignoresMerges }?.name
  }

  /// Nil where a step is none that any name has.
  private static func steps(_ json: JSON?) -> [Step]? {
    guard let json, let type = json["type"]?.stringValue else { return nil }
    switch type {
    case "Sequence":
      var steps: [Step] = []
      for member in json["pretokenizers"]?.arrayValue ?? [] {
        guard let more = self.steps(member) else { return nil }
        steps += more
      }
      return steps
    case "Split":
      guard let pattern = json["pattern"]?["Regex"]?.stringValue, json["behavior"]?.stringValue == "Isolated",
        json["invert"]?.boolValue != true
      else { return nil }
      return [.split(pattern)]
    case "Digits": return json["individual_digits"]?.boolValue == true ? [.singleDigits] : nil
    case "ByteLevel":
      guard json["add_prefix_space"]?.boolValue == false else { return nil }
      return json["use_regex"]?.boolValue == false ? [] : [.words]
    default: return nil
    }
  }
}
