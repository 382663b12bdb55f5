import CLathe

// Outputs do not overlap inputs. Threads are the host's and do not change the result.
extension HostAccess where Self: ~Copyable {
  private func algebra() throws(StrategyError) -> HostTable<lathe_host_linalg> {
    try call.table(.linearAlgebra, lathe_host_linalg.self)
  }

  /// `c = alpha op(a) op(b) + beta c`.
  public func gemm<T: HostReal>(
    _ a: borrowing HostMatrix<T>, transposeA: Bool = false, _ b: borrowing HostMatrix<T>,
    transposeB: Bool = false, alpha: Double = 1, beta: Double = 0, into c: borrowing HostMatrix<T>
  ) throws(StrategyError) {
    let run = try algebra().function(\.gemm, "gemm")
    try call.check(
      run(
        call.host, transposeA ? 1 : 0, transposeB ? 1 : 0, alpha, a.box.tensor, b.box.tensor, beta,
        c.box.tensor), "gemm")
  }

  /// `op(a) op(b)` as a new matrix.
  public func product<T: HostReal>(
    _ a: borrowing HostMatrix<T>, transposeA: Bool = false, _ b: borrowing HostMatrix<T>,
    transposeB: Bool = false
  ) throws(StrategyError) -> HostMatrix<T> {
    let c = try newMatrix(
      T.self, rows: transposeA ? a.columns : a.rows, columns: transposeB ? b.rows : b.columns)
    try gemm(a, transposeA: transposeA, b, transposeB: transposeB, into: c)
    return c
  }

  /// `c = alpha op(a) op(a)^T + beta c`, both triangles.
  public func syrk<T: HostReal>(
    _ a: borrowing HostMatrix<T>, transpose: Bool = false, alpha: Double = 1, beta: Double = 0,
    into c: borrowing HostMatrix<T>
  ) throws(StrategyError) {
    let run = try algebra().function(\.syrk, "syrk")
    try call.check(
      run(call.host, transpose ? 1 : 0, alpha, a.box.tensor, beta, c.box.tensor), "syrk")
  }

  /// Lower triangular `l` with `a = l l^T`; `.numerical` where `a` is not positive definite.
  public func cholesky<T: HostReal>(_ a: borrowing HostMatrix<T>) throws(StrategyError) -> HostMatrix<T> {
    let run = try algebra().function(\.cholesky, "cholesky")
    let l = try newMatrix(T.self, rows: a.rows, columns: a.columns)
    try call.check(run(call.host, a.box.tensor, l.box.tensor), "cholesky")
    return l
  }

  /// `b = inverse(op(l)) b` for lower triangular `l`.
  public func solveLower<T: HostReal>(
    _ l: borrowing HostMatrix<T>, transpose: Bool = false, _ b: borrowing HostMatrix<T>
  ) throws(StrategyError) {
    let run = try algebra().function(\.solve_lower, "solve_lower")
    try call.check(run(call.host, l.box.tensor, transpose ? 1 : 0, b.box.tensor), "solve_lower")
  }

  /// `b = inverse(op(u)) b` for upper triangular `u`.
  public func solveUpper<T: HostReal>(
    _ u: borrowing HostMatrix<T>, transpose: Bool = false, _ b: borrowing HostMatrix<T>
  ) throws(StrategyError) {
    let run = try algebra().function(\.solve_upper, "solve_upper")
    try call.check(run(call.host, u.box.tensor, transpose ? 1 : 0, b.box.tensor), "solve_upper")
  }

  /// The `count` largest eigenvalues of a symmetric `a` `[n, n]`, ascending, and their vectors.
  public func eigh<T: HostReal>(
    _ a: borrowing HostMatrix<T>, count: Int
  ) throws(StrategyError) -> Eigenpairs<T> {
    let run = try algebra().function(\.eigh, "eigh")
    let w = try newVector(T.self, count: count)
    let v = try newMatrix(T.self, rows: a.rows, columns: count)
    try call.check(run(call.host, a.box.tensor, w.box.tensor, v.box.tensor), "eigh")
    return Eigenpairs(values: w.array(), vectors: v)
  }

  /// The `count` largest eigenvalues of a symmetric `a`, ascending.
  public func eigenvalues<T: HostReal>(
    _ a: borrowing HostMatrix<T>, count: Int
  ) throws(StrategyError) -> [T] {
    let run = try algebra().function(\.eigh, "eigh")
    let w = try newVector(T.self, count: count)
    try call.check(run(call.host, a.box.tensor, w.box.tensor, nil), "eigh")
    return w.array()
  }

  /// The `rank` leading singular triples of `a` `[m, n]`.
  public func svd<T: HostReal>(
    _ a: borrowing HostMatrix<T>, rank: Int
  ) throws(StrategyError) -> SingularTriples<T> {
    let run = try algebra().function(\.svd, "svd")
    let u = try newMatrix(T.self, rows: a.rows, columns: rank)
    let s = try newVector(T.self, count: rank)
    let vt = try newMatrix(T.self, rows: rank, columns: a.columns)
    try call.check(run(call.host, a.box.tensor, u.box.tensor, s.box.tensor, vt.box.tensor), "svd")
    return SingularTriples(u: u, values: s.array(), vt: vt)
  }

  /// Thin `a = q r` for `a` `[m, n]`: q `[m, k]`, r `[k, n]`, `k = min(m, n)`, diagonal of r not negative.
  public func qr<T: HostReal>(_ a: borrowing HostMatrix<T>) throws(StrategyError) -> OrthogonalFactors<T> {
    let run = try algebra().function(\.qr, "qr")
    let k = min(a.rows, a.columns)
    let q = try newMatrix(T.self, rows: a.rows, columns: k)
    let r = try newMatrix(T.self, rows: k, columns: a.columns)
    try call.check(run(call.host, a.box.tensor, q.box.tensor, r.box.tensor), "qr")
    return OrthogonalFactors(q: q, r: r)
  }
}
