import Glibc
import LinearAlgebra
import Testing

@Suite struct TruncatedSVDTests {
  /// Singular values 1, ..., 10^-8, evenly spaced in the exponent.
  private static func spectrum(_ count: Int) -> [Double] {
    (0..<count).map { pow(10, -8 * Double($0) / Double(count - 1)) }
  }

  private static func loss(_ a: Matrix<Double>, _ found: TruncatedSVD) -> Double {
    (a - Matrix.naiveProduct(found.u.scaledColumns(found.values), found.vt)).norm
  }

  @Test(
    "on spectra over eight decades the loss is within 0.1 % of the least possible one at every rank",
    arguments: [[48, 48], [40, 90], [90, 40]])
  func spectra(_ shape: [Int]) throws {
    let count = min(shape[0], shape[1])
    let exact = try Matrix.withSingularValues(
      Self.spectrum(count), rows: shape[0], columns: shape[1], seed: 4)
    var methods: Set<TruncatedSVD.Method> = []
    for rank in [0, 1, 2, count / 8, count / 4, count / 2, count - 8, count - 2, count - 1, count] {
      methods.insert(try check(exact, rank))
      // As f32 the same matrix has other, but as many, singular values: rounding ends their fall near 1e-8.
      methods.insert(try check(exact.converted(to: Float.self), rank))
    }
    #expect(methods == [.eigenvectors, .singularVectors])
  }

  private func check<Scalar: RealScalar>(_ a: Matrix<Scalar>, _ rank: Int) throws -> TruncatedSVD.Method {
    let oracle = try svd(a.wide, workers: .serial).values
    let tail = oracle[rank...].reversed().reduce(0) { $0 + $1 * $1 }.squareRoot()
    let found = try truncatedSVD(a, rank: rank, workers: .serial)
    let rounding = 1e-14 * oracle[0]
    #expect(abs(Self.loss(a.wide, found) - tail) <= 1e-3 * tail + rounding)
    #expect(abs(found.loss - tail) <= 1e-3 * tail + rounding)
    #expect(found.values == found.values.sorted(by: >))
    for (mine, exact) in zip(found.values, oracle) { #expect(abs(mine - exact) <= 1e-6 * exact + rounding) }
    #expect(found.u.departureFromOrthonormality <= 1e-6)
    #expect(found.vt.transposed().departureFromOrthonormality <= 1e-6)
    #expect(rank == 0 || found.u.obeysSignRule)
    return found.method
  }

  @Test("eigenvectors serve ordinary matrices, and the rounding of f32 is not in the result")
  func ordinary() throws {
    for (m, n) in [(60, 60), (30, 100), (100, 30)] {
      let a = Matrix<Float>.random(m, n)
      let oracle = try svd(a.wide, workers: .serial)
      let found = try truncatedSVD(a, rank: 15, workers: .serial)
      #expect(found.method == .eigenvectors)
      for (mine, exact) in zip(found.values, oracle.values) { #expect(abs(mine - exact) <= 1e-12 * exact) }
      #expect((found.u - oracle.u.columns(0..<15)).norm <= 1e-9)
      #expect((found.vt - oracle.vt.rows(0..<15)).norm <= 1e-9)
    }
  }

  @Test("numbers whose squares overflow or vanish are scaled first", arguments: [1e300, 1e-300])
  func scaled(_ factor: Double) throws {
    let a = Matrix<Double>.random(20, 25)
    let big = Matrix<Double>(rows: 20, columns: 25) { a[$0, $1] * factor }
    let (plain, found) = (
      try truncatedSVD(a, rank: 9, workers: .serial), try truncatedSVD(big, rank: 9, workers: .serial)
    )
    #expect(found.method == plain.method)
    for (x, y) in zip(found.values, plain.values) { #expect(abs(x - y * factor) <= 1e-12 * y * factor) }
    #expect(abs(found.loss - plain.loss * factor) <= 1e-12 * plain.loss * factor)
  }

  @Test("zero, rank-deficient and empty matrices")
  func degenerate() throws {
    let zero = try truncatedSVD(Matrix<Float>(rows: 6, columns: 4), rank: 2, workers: .serial)
    #expect(zero.values == [0, 0] && zero.loss == 0)
    #expect(zero.u.departureFromOrthonormality <= 1e-15)
    let low = Matrix.naiveProduct(.random(30, 3), .random(3, 20, seed: 2))
    let found = try truncatedSVD(low, rank: 5, workers: .serial)
    #expect(found.method == .singularVectors)
    #expect(found.loss <= 1e-13 * low.norm)
    let empty = try truncatedSVD(Matrix<Double>(rows: 0, columns: 4), rank: 0, workers: .serial)
    #expect(empty.u.rows == 0 && empty.vt.columns == 4 && empty.loss == 0)
  }

  @Test("a rank beyond the smaller extent, and not-a-number, are refused")
  func refused() {
    for rank in [-1, 5] {
      let error = failure { () throws(LinearAlgebraError) in
        _ = try truncatedSVD(Matrix<Float>(rows: 4, columns: 9), rank: rank, workers: .serial)
      }
      #expect(error == .shapes(operation: "svd", [[4, 9], [rank]]))
    }
    let error = failure { () throws(LinearAlgebraError) in
      _ = try truncatedSVD(Matrix<Float>(rows: 1, columns: 1, [.nan]), rank: 1, workers: .serial)
    }
    #expect(error == .notFinite(operation: "svd", count: 1))
  }
}
