/// A plain float64 matrix with slow and clear operations: the oracle of the tests.
public struct Matrix: Sendable, Equatable {
  public var rows: Int
  public var columns: Int
  public var values: [Double]

  public init(_ rows: Int, _ columns: Int, _ values: [Double]) {
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  public init(_ rows: Int, _ columns: Int, _ element: (Int, Int) -> Double) {
    self.init(rows, columns, (0..<rows * columns).map { element($0 / max(1, columns), $0 % max(1, columns)) })
  }

  public subscript(i: Int, j: Int) -> Double {
    get { values[i * columns + j] }
    set { values[i * columns + j] = newValue }
  }

  public var transposed: Matrix { Matrix(columns, rows) { self[$1, $0] } }

  public static func * (a: Matrix, b: Matrix) -> Matrix {
    var c = Matrix(a.rows, b.columns, [Double](repeating: 0, count: a.rows * b.columns))
    for i in 0..<a.rows {
      for k in 0..<a.columns where a[i, k] != 0 {
        for j in 0..<b.columns { c[i, j] += a[i, k] * b[k, j] }
      }
    }
    return c
  }

  public static func - (a: Matrix, b: Matrix) -> Matrix {
    Matrix(a.rows, a.columns, zip(a.values, b.values).map { $0 - $1 })
  }

  public static func + (a: Matrix, b: Matrix) -> Matrix {
    Matrix(a.rows, a.columns, zip(a.values, b.values).map { $0 + $1 })
  }

  /// The Frobenius norm.
  public var norm: Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  public static func identity(_ n: Int) -> Matrix { Matrix(n, n) { $0 == $1 ? 1 : 0 } }

  /// Numbers like a normal distribution, the same for the same seed.
  public static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    func uniform() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 11) / Double(1 << 53)
    }
    for _ in 0..<16 { _ = uniform() }
    return Matrix(rows, columns) { _, _ in (0..<12).reduce(-6) { sum, _ in sum + uniform() } }
  }

  /// One-sided Jacobi: relatively accurate even for the smallest values. For rows >= columns.
  public func singularValues() -> (u: Matrix, s: [Double], v: Matrix) {
    if rows < columns {
      let (u, s, v) = transposed.singularValues()
      return (v, s, u)
    }
    var (a, v) = (self, Matrix.identity(columns))
    for _ in 0..<60 {
      var rotated = false
      for p in 0..<columns {
        for q in p + 1..<max(p + 1, columns) {
          var (alpha, beta, gamma) = (0.0, 0.0, 0.0)
          for i in 0..<rows {
            alpha += a[i, p] * a[i, p]
            beta += a[i, q] * a[i, q]
            gamma += a[i, p] * a[i, q]
          }
          guard abs(gamma) > 1e-16 * (alpha * beta).squareRoot(), gamma != 0 else { continue }
          rotated = true
          let zeta = (beta - alpha) / (2 * gamma)
          let t = (zeta >= 0 ? 1.0 : -1.0) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
          let c = 1 / (1 + t * t).squareRoot()
          a.rotateColumns(p, q, c, c * t)
          v.rotateColumns(p, q, c, c * t)
        }
      }
      if !rotated { break }
    }
    let norms = (0..<columns).map { j in
      (0..<rows).reduce(0) { $0 + a[$1, j] * a[$1, j] }.squareRoot()
    }
    let order = norms.indices.sorted { norms[$0] > norms[$1] }
    let u = Matrix(rows, columns) { norms[order[$1]] > 0 ? a[$0, order[$1]] / norms[order[$1]] : 0 }
    return (u, order.map { norms[$0] }, Matrix(columns, columns) { v[$0, order[$1]] })
  }

  private mutating func rotateColumns(_ p: Int, _ q: Int, _ c: Double, _ s: Double) {
    for i in 0..<rows {
      let (x, y) = (self[i, p], self[i, q])
      self[i, p] = c * x - s * y
      self[i, q] = s * x + c * y
    }
  }

  private mutating func rotateRows(_ p: Int, _ q: Int, _ c: Double, _ s: Double) {
    for j in 0..<columns {
      let (x, y) = (self[p, j], self[q, j])
      self[p, j] = c * x - s * y
      self[q, j] = s * x + c * y
    }
  }

  /// Eigenvalues descending and vectors in columns, by two-sided Jacobi.
  public func eigenpairs() -> (values: [Double], vectors: Matrix) {
    var (a, v) = (self, Matrix.identity(rows))
    for _ in 0..<60 {
      var rotated = false
      for p in 0..<rows {
        for q in p + 1..<max(p + 1, rows) {
          guard abs(a[p, q]) > 1e-18 * (abs(a[p, p]) + abs(a[q, q])) else { continue }
          rotated = true
          let theta = (a[q, q] - a[p, p]) / (2 * a[p, q])
          let t = (theta >= 0 ? 1.0 : -1.0) / (abs(theta) + (1 + theta * theta).squareRoot())
          let c = 1 / (1 + t * t).squareRoot()
          a.rotateColumns(p, q, c, c * t)
          a.rotateRows(p, q, c, c * t)
          v.rotateColumns(p, q, c, c * t)
        }
      }
      if !rotated { break }
    }
    let order = (0..<rows).sorted { a[$0, $0] > a[$1, $1] }
    return (order.map { a[$0, $0] }, Matrix(rows, rows) { v[$0, order[$1]] })
  }

  /// Lower triangular, nil where the matrix is not positive definite.
  public func cholesky() -> Matrix? {
    var l = Matrix(rows, rows) { _, _ in 0 }
    for j in 0..<rows {
      let pivot = self[j, j] - (0..<j).reduce(0) { $0 + l[j, $1] * l[j, $1] }
      guard pivot > 1e-16 * abs(self[j, j]), pivot.isFinite else { return nil }
      l[j, j] = pivot.squareRoot()
      for i in j + 1..<max(j + 1, rows) {
        l[i, j] = (self[i, j] - (0..<j).reduce(0) { $0 + l[i, $1] * l[j, $1] }) / l[j, j]
      }
    }
    return l
  }

  /// `inverse(l) b` or `inverse(l^T) b` for this lower triangular matrix l.
  public func solvedLower(_ b: Matrix, transpose: Bool) -> Matrix {
    var x = b
    for i in transpose ? Array((0..<rows).reversed()) : Array(0..<rows) {
      for j in 0..<b.columns {
        let known = transpose ? i + 1..<rows : 0..<i
        let sum = known.reduce(0) { $0 + (transpose ? self[$1, i] : self[i, $1]) * x[$1, j] }
        x[i, j] = (x[i, j] - sum) / self[i, i]
      }
    }
    return x
  }

  /// Thin Q by Gram-Schmidt, twice; a dependent column becomes a unit vector orthogonal to those before.
  public func orthonormalised() -> Matrix {
    var q = self
    for j in 0..<columns {
      var candidate = 0
      let original = (0..<rows).reduce(0) { $0 + q[$1, j] * q[$1, j] }.squareRoot()
      while true {
        for _ in 0..<2 {
          for p in 0..<j {
            let dot = (0..<rows).reduce(0) { $0 + q[$1, p] * q[$1, j] }
            for i in 0..<rows { q[i, j] -= dot * q[i, p] }
          }
        }
        let norm = (0..<rows).reduce(0) { $0 + q[$1, j] * q[$1, j] }.squareRoot()
        if norm > 1e-12 * max(original, candidate > 0 ? 1 : 0), norm > 0 {
          for i in 0..<rows { q[i, j] /= norm }
          break
        }
        for i in 0..<rows { q[i, j] = i == candidate ? 1 : 0 }
        candidate += 1
      }
    }
    return q
  }
}
