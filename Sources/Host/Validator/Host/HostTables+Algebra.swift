import CLathe
import LinearAlgebra
import Tensors

extension HostTables {
  static func makeAlgebra() -> lathe_host_linalg {
    var table = lathe_host_linalg()
    table.gemm = { handle, transposeA, transposeB, alpha, a, b, beta, c in
      algebra(handle, "gemm", [a, b], [c]) { m throws(AlgebraFault) in
        let (a, b) = (transposeA != 0 ? m[0].transposed : m[0], transposeB != 0 ? m[1].transposed : m[1])
        try expect(a.columns == b.rows && m[2].rows == a.rows && m[2].columns == b.columns)
        let old = beta == 0 ? m[2].scaled(by: 0) : m[2]
        return [a.times(b).scaled(by: alpha).plus(old, times: beta)]
      }
    }
    table.syrk = { handle, transpose, alpha, a, beta, c in
      algebra(handle, "syrk", [a], [c]) { m throws(AlgebraFault) in
        let a = transpose != 0 ? m[0].transposed : m[0]
        try expect(m[1].rows == a.rows && m[1].columns == a.rows)
        let old = beta == 0 ? m[1].scaled(by: 0) : m[1]
        return [a.times(a.transposed).scaled(by: alpha).plus(old, times: beta)]
      }
    }
    table.cholesky = { handle, a, l in
      algebra(handle, "cholesky", [a], [l]) { m throws(AlgebraFault) in
        try expect(m[0].rows == m[0].columns && m[1].rows == m[0].rows && m[1].columns == m[0].rows)
        return [try compute { () throws(LinearAlgebraError) in try cholesky(m[0], workers: .serial) }]
      }
    }
    table.solve_lower = { handle, l, transpose, b in
      algebra(handle, "solve_lower", [l], [b]) { m throws(AlgebraFault) in
        [try solve(m[0], .lower, transpose != 0, m[1])]
      }
    }
    table.solve_upper = { handle, u, transpose, b in
      algebra(handle, "solve_upper", [u], [b]) { m throws(AlgebraFault) in
        [try solve(m[0], .upper, transpose != 0, m[1])]
      }
    }
    table.eigh = { handle, a, w, v in
      algebra(handle, "eigh", [a], v == nil ? [w] : [w, v]) { m throws(AlgebraFault) in
        let (n, k) = (m[0].rows, m[1].rows * m[1].columns)
        try expect(m[0].columns == n && k <= n && (m.count < 3 || (m[2].rows == n && m[2].columns == k)))
        let all = try compute { () throws(LinearAlgebraError) in try eigh(m[0], workers: .serial) }
        let values = Matrix(rows: m[1].rows, columns: m[1].columns, Array(all.values[(n - k)...]))
        guard m.count > 2 else { return [values] }
        return [
          values, all.vectors.withView { view in Matrix(rows: n, columns: k) { view[$0, n - k + $1] } },
        ]
      }
    }
    table.svd = { handle, a, u, s, vt in
      algebra(handle, "svd", [a], [u, s, vt]) { m throws(AlgebraFault) in
        let k = m[2].rows * m[2].columns
        try expect(k <= min(m[0].rows, m[0].columns) && m[1].rows == m[0].rows && m[1].columns == k)
        try expect(m[3].rows == k && m[3].columns == m[0].columns)
        let all = try compute { () throws(LinearAlgebraError) in try svd(m[0], workers: .serial) }
        let u = all.u.withView { view in Matrix(rows: m[1].rows, columns: k) { view[$0, $1] } }
        let vt = all.vt.withView { view in Matrix(rows: k, columns: m[3].columns) { view[$0, $1] } }
        return [u, Matrix(rows: m[2].rows, columns: m[2].columns, Array(all.values[..<k])), vt]
      }
    }
    table.qr = { handle, a, q, r in
      algebra(handle, "qr", [a], [q, r]) { m throws(AlgebraFault) in
        let k = min(m[0].rows, m[0].columns)
        try expect(
          m[1].rows == m[0].rows && m[1].columns == k && m[2].rows == k && m[2].columns == m[0].columns)
        let both = try compute { () throws(LinearAlgebraError) in try qr(m[0]) }
        return [both.q, both.r]
      }
    }
    return table
  }
}

private enum AlgebraFault: Error {
  case shapes
  case numerical(String)
}

private func expect(_ condition: Bool) throws(AlgebraFault) { if !condition { throw .shapes } }

private func compute<Result>(_ body: () throws(LinearAlgebraError) -> Result) throws(AlgebraFault) -> Result {
  do throws(LinearAlgebraError) { return try body() } catch { throw .numerical("\(error)") }
}

private func solve(
  _ t: Matrix<Double>, _ triangle: Triangle, _ transpose: Bool, _ b: Matrix<Double>
) throws(AlgebraFault) -> Matrix<Double> {
  // A vector is a column here, whatever its shape.
  let b = b.rows == 1 && t.rows != 1 ? b.transposed : b
  try expect(t.rows == t.columns && b.rows == t.rows)
  return try compute { () throws(LinearAlgebraError) in
    try solveTriangular(t, triangle, transpose: transpose, b, workers: .serial)
  }
}

/// Checks the matrices, computes in double, and writes the results; a poll goes before.
private func algebra(
  _ handle: UnsafePointer<lathe_host>?, _ function: String, _ inputs: [UnsafePointer<lathe_tensor>?],
  _ outputs: [UnsafeMutablePointer<lathe_tensor>?],
  _ body: ([Matrix<Double>]) throws(AlgebraFault) -> [Matrix<Double>]
) -> lathe_status {
  serve(handle, function) { (call) throws(Refusal) in
    if call.poll() { throw .no(LATHE_ERR_CANCELLED, "cancelled") }
    var given: [GivenTensor] = []
    for tensor in inputs + outputs.map({ UnsafePointer($0) }) {
      do throws(Refusal) { given.append(try GivenTensor(tensor, "a matrix")) } catch {
        throw .broke("arguments-fit", error.message)
      }
    }
    let type = given[0].type
    guard type == .f32 || type == .f64,
      given.allSatisfy({ $0.type == type && (1...2).contains($0.shape.count) })
    else {
      throw .broke("arguments-fit", "all matrices must be float32, or all float64, of one or two dimensions")
    }
    let targets = given[inputs.count...]
    if targets.contains(where: \.isReadOnly) {
      throw .broke("arguments-fit", "an output matrix is read-only")
    }
    if targets.contains(where: { output in given[..<inputs.count].contains { $0.overlaps(output) } }) {
      throw .broke("arguments-fit", "an output overlaps an input")
    }
    let matrices = given.map { tensor in
      Matrix(
        rows: tensor.shape.count == 2 ? tensor.shape[0] : 1, columns: tensor.shape.last ?? 1, tensor.numbers)
    }
    guard matrices[..<inputs.count].allSatisfy({ $0.numbers.allSatisfy(\.isFinite) }) else {
      throw .no(LATHE_ERR_NUMERICAL, "\(function): an input is not finite")
    }
    do throws(AlgebraFault) {
      for (target, result) in zip(targets, try body(matrices)) {
        TensorBytes.write(result.numbers, type, to: target.base)
      }
    } catch {
      switch error {
      case .shapes:
        throw .broke("arguments-fit", "shapes do not fit: \(given.map(\.shape))")
      case .numerical(let text): throw .no(LATHE_ERR_NUMERICAL, text)
      }
    }
  }
}

extension GivenTensor {
  /// Whether the two share a byte.
  fileprivate func overlaps(_ other: GivenTensor) -> Bool {
    let (a, b) = (UInt(bitPattern: base), UInt(bitPattern: other.base))
    return a < b + UInt(other.count * other.type.byteCount) && b < a + UInt(count * type.byteCount)
  }
}
