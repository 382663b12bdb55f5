import Glibc

/// Byte strings numbered from 0 in the order of their insertion, found by their bytes.
struct ByteTable: Sendable {
  private var storage: [UInt8] = []
  private var ends: [Int] = []
  private var hashes: [UInt32] = []
  /// Open addressing with a power of two of slots, at most half of them taken; -1 is free.
  private var slots = [Int32](repeating: -1, count: 16)

  var count: Int { ends.count }
  var byteCount: Int { storage.count }

  func range(at index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  subscript(_ index: Int) -> [UInt8] { Array(storage[range(at: index)]) }

  func index(of bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    let slot = slots[slot(of: bytes, hash: Self.hash(bytes))]
    return slot < 0 ? nil : Int(slot)
  }

  func index(of text: String) -> Int? {
    var text = text
    return text.withUTF8 { index(of: $0) }
  }

  /// The number of a string, which is added where it is new.
  @discardableResult
  mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let hash = Self.hash(bytes)
    let slot = slot(of: bytes, hash: hash)
    if slots[slot] >= 0 { return (Int(slots[slot]), false) }
    slots[slot] = Int32(count)
    storage.append(contentsOf: bytes)
    ends.append(storage.count)
    hashes.append(hash)
    if count * 2 > slots.count { grow() }
    return (count - 1, true)
  }

  mutating func removeAll() {
    storage.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    hashes.removeAll(keepingCapacity: true)
    for slot in slots.indices { slots[slot] = -1 }
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 4)
    let mask = slots.count - 1
    for (index, hash) in hashes.enumerated() {
      var slot = Int(hash) & mask
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(index)
    }
  }

  /// The slot of a string, or the free one where it would go.
  private func slot(of bytes: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int {
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if hashes[index] == hash, equals(index, bytes) { return slot }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private func equals(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let range = range(at: index)
    guard range.count == bytes.count, let other = bytes.baseAddress else { return range.count == bytes.count }
    return storage.withUnsafeBufferPointer { storage in
      guard let base = storage.baseAddress else { return true }
      return memcmp(base + range.lowerBound, other, range.count) == 0
    }
  }

  /// Seeded per process, so that no file can be made to collide.
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }
}
