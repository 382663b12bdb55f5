import Glibc
import LinearAlgebra
import Testing

@Suite struct EighTests {
  @Test("A V = V diag(w) with orthonormal V, ascending w and signed columns", arguments: [1, 2, 3, 30, 65])
  func reconstructs(_ n: Int) throws {
    try check(Float.self, n)
    try check(Double.self, n)
  }

  private func check<Scalar: RealScalar>(_ type: Scalar.Type, _ n: Int) throws {
    let a = Matrix<Scalar>.randomSymmetric(n)
    let found = try eigh(a, workers: .serial)
    let (v, w) = (found.vectors.wide, found.values.map { Double($0) })
    let bound = 4 * Double(n) * unit(type) * a.wide.norm + 1e-300
    #expect(w == w.sorted())
    #expect(v.departureFromOrthonormality <= 4 * Double(n) * unit(type))
    #expect((Matrix.naiveProduct(a.wide, v) - v.scaledColumns(w)).norm <= bound)
    #expect(v.obeysSignRule)
    let alone = try eigenvalues(a, workers: .serial)
    #expect(zip(alone, w).allSatisfy { abs(Double($0) - $1) <= bound })
  }

  @Test("the k largest are the last k of all", arguments: [0, 1, 10, 39, 40])
  func largest(_ k: Int) throws {
    let a = Matrix<Double>.randomSymmetric(40)
    let all = try eigh(a, workers: .serial)
    let some = try eigh(a, largest: k, workers: .serial)
    #expect(some.values == Array(all.values.suffix(k)))
    #expect(some.vectors == all.vectors.columns(40 - k..<40))
  }

  @Test("more than all eigenvalues, and matrices that are not square, are refused")
  func refused() {
    let a = Matrix<Double>.identity(3)
    for k in [-1, 4] {
      let error = failure { () throws(LinearAlgebraError) in _ = try eigh(a, largest: k, workers: .serial) }
      #expect(error == .shapes(operation: "eigh", [[3, 3], [k]]))
    }
    let tall = failure { () throws(LinearAlgebraError) in
      _ = try eigh(Matrix<Double>(rows: 3, columns: 2), workers: .serial)
    }
    #expect(tall == .shapes(operation: "eigh", [[3, 2]]))
  }

  @Test("the empty matrix has no eigenvalues, and the zero matrix has the identity's vectors")
  func degenerate() throws {
    let empty = try eigh(Matrix<Double>(rows: 0, columns: 0), workers: .serial)
    #expect(empty.values.isEmpty && empty.vectors.rows == 0)
    let zero = try eigh(Matrix<Float>(rows: 4, columns: 4), workers: .serial)
    #expect(zero.values == [0, 0, 0, 0])
    #expect(zero.vectors.wide.departureFromOrthonormality == 0)
  }

  @Test("only the lower triangle is read")
  func lowerTriangle() throws {
    let a = Matrix<Double>.randomSymmetric(9)
    let half = Matrix<Double>(rows: 9, columns: 9) { $0 >= $1 ? a[$0, $1] : .nan }
    #expect(try eigh(half, workers: .serial).values == eigh(a, workers: .serial).values)
  }

  @Test("eigenvalues of a known matrix: 2 - 2 cos(pi i / (n + 1)) of the second difference")
  func known() throws {
    let n = 24
    let a = Matrix<Double>(rows: n, columns: n) { $0 == $1 ? 2 : (abs($0 - $1) == 1 ? -1 : 0) }
    let w = try eigenvalues(a, workers: .serial)
    for (i, value) in w.enumerated() {
      #expect(abs(value - (2 - 2 * cos(.pi * Double(i + 1) / Double(n + 1)))) <= 1e-13)
    }
  }

  @Test("not-a-number and infinity are refused")
  func notFinite() {
    for value in [Double.nan, .infinity, -.infinity] {
      var a = Matrix<Double>.identity(5)
      a[3, 1] = value
      let error = failure { () throws(LinearAlgebraError) in _ = try eigh(a, workers: .serial) }
      #expect(error == .notFinite(operation: "eigh", count: 1))
    }
  }
}
