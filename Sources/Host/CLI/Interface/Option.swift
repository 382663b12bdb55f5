/// An option of a command: `--name VALUE`, or `--name` alone for a flag.
struct Option: Sendable {
  let name: String
  /// What stands for the value in the help; nil for a flag.
  let value: String?
  let summary: String
  let isRequired: Bool
  let isRepeatable: Bool
  /// Whether the help leaves it out: a word between this program and its children.
  let isHidden: Bool

  /// An option with a value.
  static func value(
    _ name: String, _ value: String, _ summary: String, required: Bool = false, repeatable: Bool = false,
    isHidden: Bool = false
  ) -> Option {
    Option(
      name: name, value: value, summary: summary, isRequired: required, isRepeatable: repeatable,
      isHidden: isHidden)
  }

  /// An option that is there or not.
  static func flag(_ name: String, _ summary: String) -> Option {
    Option(name: name, value: nil, summary: summary, isRequired: false, isRepeatable: false, isHidden: false)
  }

  /// `--name VALUE` as it is typed.
  var usage: String { value.map { "--\(name) \($0)" } ?? "--\(name)" }
}

extension Option {
  static let json = Option.flag("json", "print one JSON document to standard output")
  static let threads = Option.value(
    "threads", "N", "threads to use (default: all); results do not depend on it")
  static let plugin = Option.value(
    "plugin", "FILE|DIR", "look here for plugins first", repeatable: true)
  static let model = Option.value("model", "DIR", "a Hugging Face folder with safetensors", required: true)
  static let recipe = Option.value("recipe", "FILE", "what to do, see docs/RECIPES.md", required: true)
  static let set = Option.value(
    "set", "KEY=VALUE", "override a value of the recipe, as stages.0.keep=0.6", repeatable: true)
  static let seed = Option.value("seed", "N", "override the recipe's seed")
}
