/// The merges of a byte-pair model: for a pair of tokens, the merge's rank and the token it gives.
struct MergeTable: Sendable {
  private var pairs: PairTable

  init(capacity: Int) { pairs = PairTable(capacity: capacity) }

  /// Sets the merge of a pair; the last one counts.
  mutating func set(_ left: Int32, _ right: Int32, rank: Int, product: Int32) {
    let value = UInt64(UInt32(truncatingIfNeeded: rank)) << 32 | UInt64(UInt32(bitPattern: product))
    pairs.set(PairTable.key(UInt32(bitPattern: left), UInt32(bitPattern: right)), value)
  }

  /// The merge of two neighbours as a candidate at `position`; nil where there is none.
  func candidate(_ left: Int32, _ right: Int32, at position: Int) -> MergeQueue.Candidate? {
    guard let value = pairs[PairTable.key(UInt32(bitPattern: left), UInt32(bitPattern: right))] else {
      return nil
    }
    return MergeQueue.Candidate(
      rank: UInt32(value >> 32), position: position, product: Int32(bitPattern: UInt32(value & 0xFFFF_FFFF)))
  }

  /// Merges the symbols of one word until no merge applies: always the one of lowest rank, the leftmost among
  /// equals. O(n log n) for n symbols. `tokens` holds the symbols and, afterwards, what they became.
  func merge(_ tokens: inout [Int32]) {
    guard tokens.count > 1 else { return }
    var queue = MergeQueue()
    // A symbol swallowed by its left neighbour has a `next` of -2.
    var next = (0..<Int32(tokens.count)).map { $0 + 1 }
    var previous = (0..<Int32(tokens.count)).map { $0 - 1 }
    next[tokens.count - 1] = -1
    for position in 0..<tokens.count - 1 {
      if let candidate = candidate(tokens[position], tokens[position + 1], at: position) {
        queue.push(candidate)
      }
    }
    while let top = queue.pop() {
      let position = top.position
      guard next[position] >= 0 else { continue }
      let right = Int(next[position])
      guard candidate(tokens[position], tokens[right], at: position)?.product == top.product else { continue }
      tokens[position] = top.product
      next[position] = next[right]
      next[right] = -2
      let after = Int(next[position])
      if after >= 0 {
        previous[after] = Int32(position)
        if let candidate = candidate(top.product, tokens[after], at: position) { queue.push(candidate) }
      }
      let before = Int(previous[position])
      if before >= 0, let candidate = candidate(tokens[before], top.product, at: before) {
        queue.push(candidate)
      }
    }
    var kept = 0
    for position in tokens.indices where next[position] != -2 {
      tokens[kept] = tokens[position]
      kept += 1
    }
    tokens.removeLast(tokens.count - kept)
  }
}
