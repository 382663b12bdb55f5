/// Which linear layers a stage may replace: `include` and `exclude` patterns over node names.
///
/// A pattern is a glob (`*` any run, `?` one character) that must match the whole name or a whole suffix of it
/// after a dot: `down_proj`, `model.layers.0.*`, `*.mlp.*`. Without `include` all layers of the blocks are
/// selected; the language model head is selected only by a pattern that names it. A pattern that starts with `re:`
/// is a regular expression for the whole name.
public struct Selection: Sendable, Equatable {
  public var include: [String]
  public var exclude: [String]

  public init(include: [String] = [], exclude: [String] = []) {
    self.include = include
    self.exclude = exclude
  }

  /// Whether the stage may replace `node`.
  public func contains(_ node: Node) -> Bool {
    let included = include.isEmpty ? node.block != nil : include.contains { Self.matches($0, node.name) }
    return included && !exclude.contains { Self.matches($0, node.name) }
  }

  /// Patterns that match none of `nodes`: most likely a spelling mistake.
  public func unmatched(in nodes: [Node]) -> [String] {
    (include + exclude).filter { pattern in !nodes.contains { Self.matches(pattern, $0.name) } }
  }

  /// Throws for a regular expression that cannot be read.
  public static func check(_ pattern: String) throws(GraphError) {
    guard let expression = expression(of: pattern) else { return }
    do { _ = try Regex(expression) } catch {
      throw .badPattern(pattern, reason: "it is no regular expression; check its brackets and escapes")
    }
  }

  private static func expression(of pattern: String) -> String? {
    pattern.hasPrefix("re:") ? String(pattern.dropFirst(3)) : nil
  }

  /// Whether `pattern` matches the layer `name`.
  public static func matches(_ pattern: String, _ name: String) -> Bool {
    if let expression = expression(of: pattern) {
      return (try? Regex(expression).wholeMatch(in: name)) != nil
    }
    if glob(Array(pattern.utf8), Array(name.utf8)) { return true }
    var rest = Substring(name)
    while let dot = rest.firstIndex(of: ".") {
      rest = rest[rest.index(after: dot)...]
      if glob(Array(pattern.utf8), Array(rest.utf8)) { return true }
    }
    return false
  }

  /// Greedy matching with one backtracking point, linear times the number of stars.
  private static func glob(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    let star = UInt8(ascii: "*")
    let any = UInt8(ascii: "?")
    var (p, t) = (0, 0)
    var retry: (p: Int, t: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == star {
        retry = (p + 1, t)
        p += 1
      } else if p < pattern.count, pattern[p] == any || pattern[p] == text[t] {
        (p, t) = (p + 1, t + 1)
      } else if let last = retry {
        retry = (last.p, last.t + 1)
        (p, t) = (last.p, last.t + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == star }
  }
}
