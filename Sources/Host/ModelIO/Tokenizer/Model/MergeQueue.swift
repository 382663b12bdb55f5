/// Candidate merges, lowest rank first and leftmost among equals: a binary heap.
struct MergeQueue {
  struct Candidate {
    /// The rank above the position, so that one comparison orders both.
    let key: UInt64
    let product: Int32

    init(rank: UInt32, position: Int, product: Int32) {
      key = UInt64(rank) << 32 | UInt64(position)
      self.product = product
    }

    var position: Int { Int(key & 0xFFFF_FFFF) }
  }

  private var heap: [Candidate] = []

  mutating func push(_ candidate: Candidate) {
    heap.append(candidate)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard candidate.key < heap[parent].key else { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = candidate
  }

  mutating func pop() -> Candidate? {
    guard let last = heap.popLast() else { return nil }
    guard let first = heap.first else { return last }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].key < heap[child].key { child += 1 }
      guard heap[child].key < last.key else { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = last
    return first
  }
}
