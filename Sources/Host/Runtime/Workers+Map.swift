import LinearAlgebra

extension Workers {
  /// What `body` makes of each of 0 ..< `count`, in order. Calls may run at the same time; the error of the
  /// lowest index is thrown.
  public func map<Element: Sendable, Failure: Error>(
    count: Int, _ body: @Sendable (Int) throws(Failure) -> Element
  ) throws(Failure) -> [Element] {
    let slots = Slots<Element>(count: count)
    try forEach(count: count) { (index) throws(Failure) in
      (slots.base + index).pointee = try body(index)
    }
    return slots.filled
  }
}

/// A place for each result; every place is written by one call only.
private final class Slots<Element: Sendable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element?>
  private let count: Int

  init(count: Int) {
    base = .allocate(capacity: count)
    base.initialize(repeating: nil, count: count)
    self.count = count
  }

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  var filled: [Element] { UnsafeBufferPointer(start: base, count: count).compactMap { $0 } }
}
