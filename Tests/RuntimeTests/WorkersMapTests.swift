import LinearAlgebra
import Runtime
import Testing

@Suite struct WorkersMapTests {
  struct Failure: Error, Equatable {
    let index: Int
  }

  @Test("results come in order for any number of threads", arguments: [1, 2, 5])
  func order(threads: Int) {
    #expect(Workers(threads: threads).map(count: 100) { "\($0)" } == (0..<100).map { "\($0)" })
    #expect(Workers(threads: threads).map(count: 0) { "\($0)" } == [])
  }

  @Test("the error of the lowest index is thrown", arguments: [1, 2, 5])
  func failure(threads: Int) {
    #expect(throws: Failure(index: 20)) {
      try Workers(threads: threads).map(count: 100) { (index) throws(Failure) -> Int in
        if index >= 20 { throw Failure(index: index) }
        return index
      }
    }
  }
}
