/// A pattern as instructions for a backtracking machine.
struct PatternProgram: Sendable {
  enum Operation: UInt8, Sendable {
    /// One scalar of set `a`.
    case set
    /// As many scalars of set `a` as there are between `b` and `c`; gives back one after the other.
    case setLoop
    /// The same, giving nothing back.
    case possessiveSetLoop
    /// Go on at `a`, and at `b` if that fails; at once at `b` where the byte is not in guard `c`.
    case split
    case jump
    /// Match from the next instruction to its `accept`, forget its alternatives, go on at `a`.
    case atomic
    /// Match from the next instruction to its `accept`, go on at `a` from here; `b` is 1 for a negative one.
    case lookahead
    /// The scalar before is in set `a`; `b` is 1 for "is not".
    case lookbehind
    case assertion
    /// Remember the position in register `a`.
    case mark
    /// Go on at `b` where nothing was consumed since register `a` was set.
    case leaveIfEmpty
    case accept
  }

  struct Instruction: Sendable {
    var operation: Operation
    var a: Int32 = 0
    var b: Int32 = 0
    var c: Int32 = 0
  }

  /// A set with its ASCII part as bits.
  struct IndexedSet: Sendable {
    let low: UInt64
    let high: UInt64
    let set: ScalarSet

    init(_ set: ScalarSet) {
      func bits(_ first: UInt8) -> UInt64 {
        (0..<64).reduce(0) { $0 | (set.contains(Unicode.Scalar(first + $1)) ? 1 << UInt64($1) : 0) }
      }
      self.set = set
      low = bits(0)
      high = bits(64)
    }
  }

  private(set) var instructions: [Instruction] = []
  private(set) var sets: [IndexedSet] = []
  private(set) var guards: [ByteSet] = []
  private(set) var registerCount = 0

  private var emittedNodes = 0

  private static let mostInstructions = 20_000
  private static let tooLarge = PatternError(
    reason: "is too large: its repetitions unfold to more than \(mostInstructions) steps")

  init(_ node: PatternNode) throws(PatternError) {
    try emit(node)
    try add(.accept)
  }

  @discardableResult
  private mutating func add(
    _ operation: Operation, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0
  ) throws(PatternError) -> Int {
    guard instructions.count < Self.mostInstructions else { throw Self.tooLarge }
    instructions.append(Instruction(operation: operation, a: Int32(a), b: Int32(b), c: Int32(c)))
    return instructions.count - 1
  }

  private mutating func index(_ set: ScalarSet) -> Int {
    sets.append(IndexedSet(set))
    return sets.count - 1
  }

  private var here: Int32 { Int32(instructions.count) }

  private mutating func emit(_ node: PatternNode) throws(PatternError) {
    // Nodes are counted and not only instructions: repeated empty groups would unfold for ever.
    emittedNodes += 1
    guard emittedNodes <= Self.mostInstructions else { throw Self.tooLarge }
    switch node {
    case .set(let set): try add(.set, index(set))
    case .sequence(let nodes): for node in nodes { try emit(node) }
    case .alternatives(let nodes): try emit(alternatives: nodes)
    case .repeated(.set(let set), let count, .greedy):
      try add(.setLoop, index(set), count.lowerBound, count.upperBound)
    case .repeated(.set(let set), let count, .possessive):
      try add(.possessiveSetLoop, index(set), count.lowerBound, count.upperBound)
    case .repeated(let body, let count, .possessive):
      try emit(.atomic(.repeated(body, count: count, .greedy)))
    case .repeated(let body, let count, let greed):
      try emit(repeated: body, count: count, isLazy: greed == .lazy)
    case .atomic(let body): try emit(body, within: .atomic)
    case .lookahead(let body, let isNegative): try emit(body, within: .lookahead, b: isNegative ? 1 : 0)
    case .lookbehind(let set, let isNegative): try add(.lookbehind, index(set), isNegative ? 1 : 0)
    case .assertion(let assertion): try add(.assertion, Int(assertion.rawValue))
    }
  }

  private mutating func emit(
    _ body: PatternNode, within operation: Operation, b: Int = 0
  ) throws(PatternError) {
    let start = try add(operation, 0, b)
    try emit(body)
    try add(.accept)
    instructions[start].a = here
  }

  private mutating func emit(alternatives nodes: [PatternNode]) throws(PatternError) {
    var jumps: [Int] = []
    for (index, node) in nodes.enumerated() {
      guard index < nodes.count - 1 else {
        try emit(node)
        break
      }
      let split = try addSplit(before: node)
      try emit(node)
      jumps.append(try add(.jump))
      instructions[split].b = here
    }
    for jump in jumps { instructions[jump].a = here }
  }

  /// A split whose first way is the next instruction, guarded by the bytes with which `node` can start.
  private mutating func addSplit(before node: PatternNode) throws(PatternError) -> Int {
    let split = try add(.split, 0, 0, -1)
    instructions[split].a = here
    if let bytes = node.firstBytes {
      guards.append(bytes)
      instructions[split].c = Int32(guards.count - 1)
    }
    return split
  }

  private mutating func emit(
    repeated body: PatternNode, count: ClosedRange<Int>, isLazy: Bool
  ) throws(PatternError) {
    for _ in 0..<count.lowerBound { try emit(body) }
    let isUnbounded = count.upperBound == PatternNode.unbounded
    var splits: [Int] = []
    var checks: [Int] = []
    for _ in 0..<(isUnbounded ? 1 : count.upperBound - count.lowerBound) {
      splits.append(try addSplit(before: body))
      let register = registerCount
      if isUnbounded, body.canBeEmpty {
        registerCount += 1
        try add(.mark, register)
      }
      try emit(body)
      if isUnbounded {
        if body.canBeEmpty { checks.append(try add(.leaveIfEmpty, register)) }
        try add(.jump, splits[0])
      }
    }
    for check in checks { instructions[check].b = here }
    for split in splits {
      instructions[split].b = here
      guard isLazy else { continue }
      (instructions[split].a, instructions[split].b) = (instructions[split].b, instructions[split].a)
      instructions[split].c = -1
    }
  }
}
