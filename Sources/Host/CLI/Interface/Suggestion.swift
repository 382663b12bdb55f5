import PluginHost

/// The tail of an error about a misspelt word.
enum Suggestion {
  static func nearest(to word: String, in known: [String]) -> String {
    Spelling.nearest(to: word, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
  }
}
