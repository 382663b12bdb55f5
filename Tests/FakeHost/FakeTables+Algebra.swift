import CLathe

private let ok = lathe_status(LATHE_OK)
private let numerical = lathe_status(LATHE_ERR_NUMERICAL)

private func matrix(_ tensor: UnsafePointer<lathe_tensor>?) -> Matrix {
  guard let tensor else { return Matrix(0, 0, []) }
  let columns = tensor.pointee.ndim == 2 ? Int(tensor.pointee.shape[1]) : 1
  return Matrix(Int(tensor.pointee.shape[0]), columns, FakeTensor.read(tensor))
}

private func write(_ matrix: Matrix, _ tensor: UnsafePointer<lathe_tensor>?) {
  if let tensor { FakeTensor.write(matrix.values, to: tensor) }
}

private func combine(
  _ alpha: Double, _ product: Matrix, _ beta: Double, _ c: UnsafePointer<lathe_tensor>?
) -> lathe_status {
  guard product.values.allSatisfy(\.isFinite) else { return numerical }
  let old = matrix(c)
  write(
    Matrix(
      old.rows, old.columns, zip(product.values, old.values).map { alpha * $0 + (beta == 0 ? 0 : beta * $1) }),
    c)
  return ok
}

/// The entry of largest magnitude of each column becomes positive.
private func canonical(_ v: Matrix) -> Matrix {
  var v = v
  for j in 0..<v.columns {
    let largest = (0..<v.rows).max { abs(v[$0, j]) < abs(v[$1, j]) } ?? 0
    if v[largest, j] < 0 { for i in 0..<v.rows { v[i, j] = -v[i, j] } }
  }
  return v
}

extension FakeTables {
  func algebra() -> lathe_host_linalg {
    var table = lathe_host_linalg()
    table.gemm = { _, transposeA, transposeB, alpha, a, b, beta, c in
      let (a, b) = (matrix(a), matrix(b))
      return combine(
        alpha, (transposeA != 0 ? a.transposed : a) * (transposeB != 0 ? b.transposed : b), beta, c)
    }
    table.syrk = { _, transpose, alpha, a, beta, c in
      let a = transpose != 0 ? matrix(a).transposed : matrix(a)
      return combine(alpha, a * a.transposed, beta, c)
    }
    table.cholesky = { _, a, l in
      guard let factor = matrix(a).cholesky() else { return numerical }
      write(factor, l)
      return ok
    }
    table.solve_lower = { _, l, transpose, b in
      let solved = matrix(l).solvedLower(matrix(b), transpose: transpose != 0)
      guard solved.values.allSatisfy(\.isFinite) else { return numerical }
      write(solved, b)
      return ok
    }
    table.eigh = { _, a, w, v in
      let a = matrix(a)
      guard a.values.allSatisfy(\.isFinite) else { return numerical }
      let pairs = a.eigenpairs()
      let count = matrix(w).rows
      write(Matrix(count, 1, pairs.values.prefix(count).reversed()), w)
      write(canonical(Matrix(a.rows, count) { pairs.vectors[$0, count - 1 - $1] }), v)
      return ok
    }
    table.qr = { _, a, q, r in
      let a = matrix(a)
      let factor = a.orthonormalised()
      write(factor, q)
      write(factor.transposed * a, r)
      return ok
    }
    return table
  }
}
