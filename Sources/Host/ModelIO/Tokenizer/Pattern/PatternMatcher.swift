/// Runs a program over UTF-8. It backtracks over an explicit stack; only look-around and atomic groups
/// recurse, as deep as they are nested in the pattern.
struct PatternMatcher {
  private typealias Instruction = PatternProgram.Instruction

  private struct Choice {
    /// Where to go on; a negative one restores register `-1 - next` to `position`.
    var next: Int
    var position: Int
    /// A loop may give back down to here; -1 for a plain choice.
    var floor: Int
  }

  private let program: PatternProgram
  private let text: UnsafeBufferPointer<UInt8>
  private let range: Range<Int>
  private var choices: [Choice] = []
  private var registers: [Int]

  /// A matcher that sees nothing outside `range`, which must be well-formed UTF-8.
  init(_ program: PatternProgram, text: UnsafeBufferPointer<UInt8>, range: Range<Int>) {
    self.program = program
    self.text = text
    self.range = range
    registers = Array(repeating: -1, count: program.registerCount)
  }

  /// The end of the match that starts at `position`, nil where there is none.
  mutating func end(ofMatchAt position: Int) -> Int? {
    let end = run(from: 0, at: position)
    return end < 0 ? nil : end
  }

  private mutating func run(from start: Int, at startPosition: Int) -> Int {
    let base = choices.count
    defer { choices.removeLast(choices.count - base) }
    var position = startPosition
    var next = start
    while true {
      let instruction = program.instructions[next]
      var succeeds = true
      next += 1
      switch instruction.operation {
      case .accept: return position
      case .jump: next = Int(instruction.a)
      case .set:
        let after = step(over: Int(instruction.a), at: position)
        succeeds = after >= 0
        if succeeds { position = after }
      case .setLoop, .possessiveSetLoop:
        succeeds = loop(instruction, next: next, position: &position)
      case .split:
        let isOpen =
          instruction.c < 0
          || (position < range.upperBound && program.guards[Int(instruction.c)].contains(text[position]))
        if isOpen {
          choices.append(Choice(next: Int(instruction.b), position: position, floor: -1))
          next = Int(instruction.a)
        } else {
          next = Int(instruction.b)
        }
      case .atomic:
        let end = run(from: next, at: position)
        succeeds = end >= 0
        if succeeds { position = end }
        next = Int(instruction.a)
      case .lookahead:
        succeeds = (run(from: next, at: position) >= 0) != (instruction.b == 1)
        next = Int(instruction.a)
      case .lookbehind:
        let isInSet = position > range.lowerBound && step(over: Int(instruction.a), at: before(position)) >= 0
        succeeds = isInSet != (instruction.b == 1)
      case .assertion: succeeds = holds(instruction.a, at: position)
      case .mark:
        let register = Int(instruction.a)
        choices.append(Choice(next: -1 - register, position: registers[register], floor: -1))
        registers[register] = position
      case .leaveIfEmpty: if registers[Int(instruction.a)] == position { next = Int(instruction.b) }
      }
      if !succeeds, !backtrack(to: base, next: &next, position: &position) { return -1 }
    }
  }

  /// Takes up the latest choice above `base`; false where none is left.
  private mutating func backtrack(to base: Int, next: inout Int, position: inout Int) -> Bool {
    while choices.count > base {
      let choice = choices.removeLast()
      if choice.next < 0 {
        registers[-1 - choice.next] = choice.position
        continue
      }
      next = choice.next
      position = choice.position
      if choice.floor >= 0 {
        position = before(position)
        if position > choice.floor {
          choices.append(Choice(next: next, position: position, floor: choice.floor))
        }
      }
      return true
    }
    return false
  }

  /// Consumes a run of scalars of one set; false where there are too few.
  private mutating func loop(_ instruction: Instruction, next: Int, position: inout Int) -> Bool {
    let set = Int(instruction.a)
    let least = Int(instruction.b)
    let most = Int(instruction.c)
    var count = 0
    var floor = position
    while count < most {
      let after = step(over: set, at: position)
      guard after >= 0 else { break }
      position = after
      count += 1
      if count == least { floor = position }
    }
    guard count >= least else { return false }
    if instruction.operation == .setLoop, position > floor {
      choices.append(Choice(next: next, position: position, floor: floor))
    }
    return true
  }

  /// The position behind the scalar at `position`, -1 where that is not in the set or the text ends.
  @inline(__always)
  private func step(over set: Int, at position: Int) -> Int {
    guard position < range.upperBound else { return -1 }
    let byte = text[position]
    if byte < 0x80 {
      let bits = byte < 64 ? program.sets[set].low : program.sets[set].high
      return bits >> UInt64(byte & 63) & 1 == 1 ? position + 1 : -1
    }
    let (scalar, length) = text.scalar(at: position)
    return program.sets[set].set.contains(scalar) ? position + length : -1
  }

  private func before(_ position: Int) -> Int { text.start(before: position) }

  private func holds(_ assertion: Int32, at position: Int) -> Bool {
    let atStart = position == range.lowerBound
    let atEnd = position == range.upperBound
    switch PatternNode.Assertion(rawValue: assertion) {
    case .lineStart: return atStart || (text[position - 1] == 0x0A && !atEnd)
    case .lineEnd: return atEnd || text[position] == 0x0A
    case .textStart: return atStart
    case .textEnd: return atEnd
    case .textEndOrLastNewline: return atEnd || (position + 1 == range.upperBound && text[position] == 0x0A)
    case .wordBorder: return isWord(before: position) != isWord(after: position)
    case .noWordBorder: return isWord(before: position) == isWord(after: position)
    case nil: return false
    }
  }

  private func isWord(before position: Int) -> Bool {
    position > range.lowerBound && ScalarSet.word.contains(text.scalar(at: before(position)).scalar)
  }

  private func isWord(after position: Int) -> Bool {
    position < range.upperBound && ScalarSet.word.contains(text.scalar(at: position).scalar)
  }
}
