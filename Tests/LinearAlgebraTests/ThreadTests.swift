import LinearAlgebra
import Synchronization
import Testing

@Suite struct ThreadTests {
  @Test("every operation gives the same bytes with 1, 2 and 5 threads, f32 and f64")
  func sameBytes() throws {
    let single = try results(Float.self, threads: 1)
    let double = try results(Double.self, threads: 1)
    for threads in [2, 5] {
      #expect(try results(Float.self, threads: threads) == single)
      #expect(try results(Double.self, threads: threads) == double)
    }
  }

  /// The bytes of every operation's result on matrices large enough to be cut into several pieces.
  private func results<Scalar: RealScalar>(_ type: Scalar.Type, threads: Int) throws -> [String: [UInt8]] {
    let workers = Workers(threads: threads)
    let (a, b) = (Matrix<Scalar>.random(300, 280), Matrix<Scalar>.random(280, 310, seed: 2))
    let x = Matrix<Float>.random(1100, 90)
    let gram = try syrk(a, transpose: true, workers: workers)
    let l = try cholesky(gram, workers: workers)
    let pairs = try eigh(gram, workers: workers)
    let some = try eigh(gram, largest: 90, workers: workers)
    let small = a.rows(0..<120)
    let triples = try svd(small, workers: workers)
    let leading = try truncatedSVD(small, rank: 40, workers: workers)
    var own = GramAccumulator(dimension: 90)
    try own.add(rows: x, workers: workers)
    var wide = GramAccumulator(dimension: 560)
    try wide.add(rows: .random(20, 560), workers: workers)
    var cross = CrossGramAccumulator(left: 90, right: 90)
    try cross.add(left: x, right: x, workers: workers)
    let right = try solveTriangular(l, .lower, transpose: true, side: .right, a, workers: workers)
    return [
      "gemm": bytes(try gemm(a, b, workers: workers)), "syrk": bytes(gram), "cholesky": bytes(l),
      "ridge": bytes(try choleskyWithRidge(gram, workers: workers).factor),
      "solve": bytes(try solveTriangular(l, .lower, transpose: false, b, workers: workers)),
      "solve right": bytes(right), "eigenvectors": bytes(pairs.vectors), "largest": bytes(some.vectors),
      "eigenvalues": pairs.values.flatMap { withUnsafeBytes(of: $0, Array.init) }, "u": bytes(triples.u),
      "vt": bytes(triples.vt), "leading u": bytes(leading.u), "leading vt": bytes(leading.vt),
      "gram": bytes(own.gram(workers: workers)), "wide gram": bytes(wide.gram(workers: workers)),
      "cross gram": bytes(cross.gram),
    ]
  }

  @Test("every index is worked on once, in nested calls too", arguments: [1, 2, 5])
  func coverage(_ threads: Int) {
    let counts = Mutex([Int](repeating: 0, count: 60))
    Workers(threads: threads).forEach(count: 6) { outer in
      Workers(threads: threads).forEach(count: 10) { inner in counts.withLock { $0[10 * outer + inner] += 1 }
      }
    }
    #expect(counts.withLock { $0 } == [Int](repeating: 1, count: 60))
  }

  private struct Failed: Error, Equatable {
    let index: Int
  }

  @Test("of several errors the one of the lowest index is thrown", arguments: [1, 2, 5])
  func lowestError(_ threads: Int) {
    for _ in 0..<20 {
      #expect(throws: Failed(index: 3)) {
        try Workers(threads: threads).forEach(count: 40) { index in
          if index >= 3 { throw Failed(index: index) }
        }
      }
    }
  }

  @Test("there is always at least one thread")
  func atLeastOne() {
    #expect(Workers(threads: 0).threads == 1)
    #expect(Workers(threads: -3).threads == 1)
  }
}
