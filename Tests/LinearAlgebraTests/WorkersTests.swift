import LinearAlgebra
import Synchronization
import Testing

@Suite struct WorkersTests {
  struct Failure: Error, Equatable { let index: Int }

  @Test("every index is visited exactly once", arguments: [1, 2, 5], [0, 1, 3, 1000])
  func once(threads: Int, count: Int) {
    let visits = Mutex([Int](repeating: 0, count: count))
    Workers(threads: threads).forEach(count: count) { index in visits.withLock { $0[index] += 1 } }
    #expect(visits.withLock { $0.allSatisfy { $0 == 1 } })
  }

  @Test("the error of the lowest failing index wins", arguments: [1, 2, 5])
  func lowestError(threads: Int) {
    for _ in 0..<50 {
      #expect(throws: Failure(index: 7)) {
        try Workers(threads: threads).forEach(count: 100) { index throws(Failure) in
          if index >= 7, index % 3 == 1 { throw Failure(index: index) }
        }
      }
    }
  }

  @Test("loops nest")
  func nested() {
    let workers = Workers(threads: 3)
    let sum = Atomic(0)
    workers.forEach(count: 20) { i in
      workers.forEach(count: 10) { j in sum.wrappingAdd(i * 10 + j, ordering: .relaxed) }
    }
    #expect(sum.load(ordering: .relaxed) == 199 * 100)
  }

  @Test("there is always one thread")
  func least() { #expect(Workers(threads: -3).threads == 1) }
}
