/// The ids of words already seen during one encoding. Bounded: it forgets everything when it is full.
struct WordCache {
  private var words = ByteTable()
  private var ids: [Int32] = []
  private var ends: [Int] = []

  private static let mostWords = 1 << 16
  private static let mostIDs = 1 << 20
  private static let longestWord = 64

  /// Appends the ids of a word if they are known.
  mutating func append(_ word: UnsafeBufferPointer<UInt8>, to result: inout [Int32]) -> Bool {
    guard word.count <= Self.longestWord, let index = words.index(of: word) else { return false }
    for position in (index == 0 ? 0 : ends[index - 1])..<ends[index] { result.append(ids[position]) }
    return true
  }

  mutating func store(_ word: UnsafeBufferPointer<UInt8>, _ new: ArraySlice<Int32>) {
    guard word.count <= Self.longestWord else { return }
    if words.count >= Self.mostWords || ids.count >= Self.mostIDs {
      words.removeAll()
      ids.removeAll(keepingCapacity: true)
      ends.removeAll(keepingCapacity: true)
    }
    guard words.insert(word).isNew else { return }
    ids.append(contentsOf: new)
    ends.append(ids.count)
  }
}
