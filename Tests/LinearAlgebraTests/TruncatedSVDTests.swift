import Glibc
import LinearAlgebra
import Testing

@Suite struct TruncatedSVDTests {
  static func loss(_ d: Matrix<Double>, _ t: TruncatedSVD) throws -> Double {
    let scaled = Oracle.scaled(t.u, columns: t.values)
    var rest = d
    try gemm(alpha: -1, scaled, t.vt, beta: 1, into: &rest, workers: .serial)
    return rest.frobeniusNormSquared.squareRoot()
  }

  @Test(
    "on a spectrum spanning 1e8 the loss is within 0.1 % of the optimum at every rank",
    arguments: [(80, 120), (120, 80), (90, 90)])
  func guarded(shape: (Int, Int)) throws {
    let count = min(shape.0, shape.1)
    let spectrum = (0..<count).map { pow(10, -8 * Double($0) / Double(count - 1)) }
    let d = try Oracle.withSpectrum(shape.0, shape.1, spectrum)
    var routes: [TruncatedSVD.Route] = []
    for rank in [1, 5, 20, count / 2, count - 10, count - 1] {
      let t = try truncatedSVD(d, rank: rank, workers: .serial)
      let best = spectrum[rank...].reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(try Self.loss(d, t) <= 1.001 * best)
      #expect(abs(t.tailNorm - best) <= 0.001 * best)
      #expect(t.values.count == rank && t.u.columns == rank && t.vt.rows == rank)
      #expect(t.values == t.values.sorted(by: >))
      #expect(Oracle.obeysSignRule(t.u))
      routes.append(t.route)
    }
    #expect(routes.first == .eigenvalues && routes.last == .singularValues)
  }

  @Test("without the guard the eigen route would lose far more than 0.1 %")
  func unguarded() throws {
    let spectrum = (0..<80).map { pow(10, -12 * Double($0) / 79) }
    let d = try Oracle.withSpectrum(80, 80, spectrum)
    let vectors = try eigh(syrk(d, transpose: false, workers: .serial), workers: .serial).vectors.columns(
      4..<80)
    let kept = try gemm(vectors, gemm(vectors, transposeA: true, d, workers: .serial), workers: .serial)
    let difference = Matrix(rows: 80, columns: 80) { d[$0, $1] - kept[$0, $1] }
    let best = spectrum[76...].reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(difference.frobeniusNormSquared.squareRoot() > 1.1 * best)
    #expect(try Self.loss(d, truncatedSVD(d, rank: 76, workers: .serial)) < 1.001 * best)
  }

  @Test(
    "a flat spectrum takes the eigen route and its factors are orthonormal", arguments: [(60, 90), (90, 60)])
  func flat(shape: (Int, Int)) throws {
    let t = try truncatedSVD(Oracle.normal(Double.self, shape.0, shape.1), rank: 30, workers: .serial)
    #expect(t.route == .eigenvalues)
    #expect(Oracle.orthonormalityDefect(t.u) < 1e-12)
    #expect(Oracle.orthonormalityDefect(t.vt.transposed()) < 1e-12)
  }

  @Test("both routes give the same factors where both are good")
  func agreement() throws {
    let d = try Oracle.withSpectrum(50, 70, (0..<50).map { 100 - Double($0) })
    let t = try truncatedSVD(d, rank: 12, workers: .serial)
    let full = try svd(d, workers: .serial)
    #expect(t.route == .eigenvalues)
    #expect(Oracle.distance(t.u, full.u.columns(0..<12)) < 1e-11)
    #expect(Oracle.distance(t.vt, full.vt.rows(0..<12)) < 1e-11)
  }

  @Test("rank 0, full rank, more than full rank and a zero matrix work", arguments: [(50, 40), (3, 5)])
  func extremes(shape: (Int, Int)) throws {
    let d = Oracle.normal(Double.self, shape.0, shape.1)
    let none = try truncatedSVD(d, rank: 0, workers: .serial)
    #expect(none.values.isEmpty && abs(none.tailNorm - d.frobeniusNormSquared.squareRoot()) < 1e-12)
    let all = try truncatedSVD(d, rank: 1000, workers: .serial)
    #expect(all.values.count == min(shape.0, shape.1) && all.tailNorm == 0)
    #expect(try Self.loss(d, all) < 1e-12)
    let zero = try truncatedSVD(Matrix(rows: shape.0, columns: shape.1), rank: 2, workers: .serial)
    #expect(zero.tailNorm == 0 && zero.u.isFinite && zero.vt.isFinite)
  }

  @Test("huge and tiny scales change nothing but the values", arguments: [1e-160, 1e160])
  func scales(scale: Double) throws {
    let d = Oracle.normal(Double.self, 40, 45)
    let scaled = Matrix(rows: 40, columns: 45) { d[$0, $1] * scale }
    let t = try truncatedSVD(scaled, rank: 10, workers: .serial)
    #expect(Oracle.distance(t.u, try truncatedSVD(d, rank: 10, workers: .serial).u) < 1e-10)
  }

  @Test("the largest eigenpairs are those of the whole decomposition", arguments: [1, 4, 8, 9, 40, 80])
  func largest(count: Int) throws {
    let a = try syrk(Oracle.normal(Double.self, 80, 100), transpose: false, workers: .serial)
    let all = try eigh(a, workers: .serial)
    let top = try eigh(a, largest: count, workers: .serial)
    #expect(zip(top.values, all.values.suffix(count)).allSatisfy { abs($0 - $1) < 1e-11 * all.values[79] })
    #expect(Oracle.distance(top.vectors, all.vectors.columns(80 - count..<80)) < 1e-9)
    #expect(Oracle.orthonormalityDefect(top.vectors) < 1e-12)
  }

  @Test("truncation gives the same bytes for any number of threads")
  func threads() throws {
    let d = Oracle.normal(Double.self, 150, 280)
    let results = try Oracle.threadCounts.map { count in
      let t = try truncatedSVD(d, rank: 10, workers: Workers(threads: count))
      return [t.u, t.vt]
    }
    for result in results { #expect(result == results[0]) }
  }

  @Test("NaN is refused")
  func nonFinite() {
    var d = Oracle.normal(Double.self, 40, 40)
    d[3, 3] = .nan
    #expect(throws: LinearAlgebraError.notFinite(operation: "truncated svd", count: 1)) {
      try truncatedSVD(d, rank: 3, workers: .serial)
    }
  }
}
