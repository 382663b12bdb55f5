/// What becomes of the matches at which a piece is cut.
enum SplitBehavior: String, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// Appends the pieces of `range`, cut at `matches`; with `isInverted` at what lies between them.
  func appendPieces(
    of range: Range<Int>, at matches: [Range<Int>], isInverted: Bool, to pieces: inout [Range<Int>]
  ) {
    var position = range.lowerBound
    var cutter = Cutter(behavior: self)
    for match in matches {
      if position < match.lowerBound {
        cutter.add(position..<match.lowerBound, isMatch: isInverted, to: &pieces)
      }
      cutter.add(match, isMatch: !isInverted, to: &pieces)
      position = match.upperBound
    }
    if position < range.upperBound {
      cutter.add(position..<range.upperBound, isMatch: isInverted, to: &pieces)
    }
    cutter.finish(&pieces)
  }

  /// Joins segments into pieces, holding the last one back while it may grow.
  private struct Cutter {
    let behavior: SplitBehavior
    var open: Range<Int>?
    var wasMatch = false

    mutating func add(_ segment: Range<Int>, isMatch: Bool, to pieces: inout [Range<Int>]) {
      let joins =
        switch behavior {
        case .removed, .isolated: false
        case .contiguous: isMatch == wasMatch
        case .mergedWithPrevious: isMatch && !wasMatch
        case .mergedWithNext: !isMatch && wasMatch
        }
      if joins, let start = open?.lowerBound {
        open = start..<segment.upperBound
      } else {
        finish(&pieces)
        open = behavior == .removed && isMatch ? nil : segment
      }
      wasMatch = isMatch
    }

    mutating func finish(_ pieces: inout [Range<Int>]) {
      if let open, !open.isEmpty { pieces.append(open) }
      open = nil
    }
  }
}
