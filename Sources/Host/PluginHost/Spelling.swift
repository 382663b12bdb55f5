/// Suggestions for misspelt names.
public enum Spelling {
  /// The candidate with the smallest edit distance to `word`, if it is near enough to be what was meant. Never the
  /// word itself, which was not accepted.
  public static func nearest(to word: String, in candidates: [String]) -> String? {
    let scored = candidates.filter { $0 != word }.map { (name: $0, distance: distance(word, $0)) }
    guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, word.count / 3) ? best.name : nil
  }

  /// The same for the id of a strategy, which may have been given without the author's name: `method` for
  /// `author.method`.
  public static func nearest(toID id: String, in ids: [String]) -> String? {
    func method(_ id: String) -> String { id.split(separator: ".").last.map(String.init) ?? id }
    let namesakes = ids.filter { $0 != id && method($0) == id }
    return namesakes.first ?? nearest(to: id, in: ids)
      ?? ids.first { method($0) == nearest(to: id, in: ids.map(method)) }
  }

  /// Levenshtein's distance in Unicode scalars.
  static func distance(_ left: String, _ right: String) -> Int {
    let a = Array(left.unicodeScalars)
    let b = Array(right.unicodeScalars)
    var previous = Array(0...b.count)
    for i in 0..<a.count {
      var current = [i + 1]
      for j in 0..<b.count {
        let substitution = previous[j] + (a[i] == b[j] ? 0 : 1)
        current.append(min(substitution, previous[j + 1] + 1, current[j] + 1))
      }
      previous = current
    }
    return previous[b.count]
  }
}
