/// Finds the first of some texts in a text that comes in pieces, and holds back what may be its beginning.
struct StopScanner {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  /// Whether one of them was found; nothing after it is given out.
  private(set) var isFound = false

  /// Empty texts are left out.
  init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// The text that is certainly before any of the stops.
  mutating func add(_ piece: String) -> String {
    guard !isFound else { return "" }
    held += Array(piece.utf8)
    for end in held.indices where stops.contains(where: { held[end...].starts(with: $0) }) {
      isFound = true
      return take(end)
    }
    // A stop begins with a whole character, so no character is cut.
    let open = held.indices.first { start in stops.contains { $0.starts(with: held[start...]) } }
    return take(open ?? held.count)
  }

  /// What was held back, once nothing comes any more.
  mutating func rest() -> String { isFound ? "" : take(held.count) }

  private mutating func take(_ count: Int) -> String {
    defer { held.removeFirst(count) }
    return String(decoding: held[..<count], as: UTF8.self)
  }
}
