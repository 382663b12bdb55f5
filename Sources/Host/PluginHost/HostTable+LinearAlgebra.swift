import CLathe
import LinearAlgebra
import Tensors

extension HostTable {
  /// lathe.linalg/1
  static let linearAlgebra = Constant(
    lathe_host_linalg(
      struct_size: UInt32(MemoryLayout<lathe_host_linalg>.size), reserved: 0,
      gemm: { host, transposeA, transposeB, alpha, a, b, beta, c in
        operate(host, [a, b], [c]) { operation throws(LinearAlgebraError) in
          try operation.gemm(transposeA != 0, transposeB != 0, alpha, beta)
        }
      },
      syrk: { host, transpose, alpha, a, beta, c in
        operate(host, [a], [c]) { operation throws(LinearAlgebraError) in
          try operation.syrk(transpose != 0, alpha, beta)
        }
      },
      cholesky: { host, a, l in
        operate(host, [a], [l]) { operation throws(LinearAlgebraError) in try operation.cholesky() }
      },
      solve_lower: { host, l, transpose, b in
        operate(host, [l], [b]) { operation throws(LinearAlgebraError) in
          try operation.solve(.lower, transpose != 0)
        }
      },
      solve_upper: { host, u, transpose, b in
        operate(host, [u], [b]) { operation throws(LinearAlgebraError) in
          try operation.solve(.upper, transpose != 0)
        }
      },
      eigh: { host, a, w, v in
        operate(host, [a], v == nil ? [w] : [w, v]) { operation throws(LinearAlgebraError) in
          try operation.eigh()
        }
      },
      svd: { host, a, u, s, vt in
        operate(host, [a], [u, s, vt]) { operation throws(LinearAlgebraError) in try operation.svd() }
      },
      qr: { host, a, q, r in
        operate(host, [a], [q, r]) { operation throws(LinearAlgebraError) in try operation.qr() }
      }))

  /// Checks the tensors, then runs `body` on them in the element type they share.
  private static func operate(
    _ host: UnsafePointer<lathe_host>?, _ inputs: [UnsafePointer<lathe_tensor>?],
    _ outputs: [UnsafeMutablePointer<lathe_tensor>?],
    _ body: (any MatrixOperation) throws(LinearAlgebraError) -> Void
  ) -> lathe_status {
    CallContext.guarded(host) { context throws(CallFault) in
      if context.environment.isCancelled() { throw .cancelled }
      var views: [ForeignTensor.View] = []
      for input in inputs { views.append(try ForeignTensor.read(input, "an input matrix")) }
      for output in outputs {
        let view = try ForeignTensor.read(output, "an output matrix")
        guard !view.isReadOnly else { throw .contract("an output matrix is read-only") }
        guard !views[..<inputs.count].contains(where: view.overlaps) else {
          throw .contract("an output matrix overlaps an input matrix")
        }
        views.append(view)
      }
      guard let type = views.first?.elementType, views.allSatisfy({ $0.elementType == type }) else {
        throw .contract("linear algebra needs one element type for all matrices")
      }
      guard views.allSatisfy({ (1...2).contains($0.shape.count) }) else {
        throw .contract("linear algebra needs matrices")
      }
      // A decomposition may take longer than a plugin may be silent.
      context.environment.heartbeat?.enter()
      defer { context.environment.heartbeat?.leave() }
      let workers = context.environment.workers
      let operation: any MatrixOperation
      switch type {
      case .f32: operation = ForeignMatrices<Float>(views, inputs: inputs.count, workers: workers)
      case .f64: operation = ForeignMatrices<Double>(views, inputs: inputs.count, workers: workers)
      default: throw .contract("linear algebra works in f32 and f64, not \(type.rawValue)")
      }
      do throws(LinearAlgebraError) { try body(operation) } catch { throw fault(error) }
    }
  }

  private static func fault(_ error: LinearAlgebraError) -> CallFault {
    switch error {
    case .shapes: .contract("\(error)")
    default: .numerical("\(error)")
    }
  }
}

/// The operations of lathe.linalg/1 on matrices of one element type.
private protocol MatrixOperation {
  func gemm(_ transposeA: Bool, _ transposeB: Bool, _ alpha: Double, _ beta: Double)
    throws(LinearAlgebraError)
  func syrk(_ transpose: Bool, _ alpha: Double, _ beta: Double) throws(LinearAlgebraError)
  func cholesky() throws(LinearAlgebraError)
  func solve(_ triangle: Triangle, _ transpose: Bool) throws(LinearAlgebraError)
  func eigh() throws(LinearAlgebraError)
  func svd() throws(LinearAlgebraError)
  func qr() throws(LinearAlgebraError)
}

/// A plugin's matrices, inputs first, worked on in place.
private struct ForeignMatrices<Scalar: RealScalar>: MatrixOperation {
  private let inputs: [MatrixView<Scalar>]
  private let outputs: [MutableMatrixView<Scalar>]
  private let workers: Workers

  init(_ views: [ForeignTensor.View], inputs count: Int, workers: Workers) {
    let all = views.map { view in
      // A vector is one row.
      let rows = view.shape.count == 2 ? view.shape[0] : 1
      return MutableMatrixView<Scalar>(
        view.base.assumingMemoryBound(to: Scalar.self), rows: rows, columns: view.shape[view.shape.count - 1])
    }
    inputs = all[..<count].map(\.readable)
    outputs = Array(all[count...])
    self.workers = workers
  }

  func gemm(_ transposeA: Bool, _ transposeB: Bool, _ alpha: Double, _ beta: Double)
    throws(LinearAlgebraError)
  {
    try LinearAlgebra.gemm(
      alpha: Scalar(alpha), inputs[0], transposeA: transposeA, inputs[1], transposeB: transposeB,
      beta: Scalar(beta), into: outputs[0], workers: workers)
  }

  func syrk(_ transpose: Bool, _ alpha: Double, _ beta: Double) throws(LinearAlgebraError) {
    try LinearAlgebra.syrk(
      alpha: Scalar(alpha), inputs[0], transpose: transpose, beta: Scalar(beta), into: outputs[0],
      workers: workers)
  }

  func cholesky() throws(LinearAlgebraError) {
    try expect("cholesky", outputs[0].rows == inputs[0].rows && outputs[0].columns == inputs[0].columns)
    outputs[0].copy(from: inputs[0])
    try LinearAlgebra.cholesky(inPlace: outputs[0], workers: workers)
  }

  func solve(_ triangle: Triangle, _ transpose: Bool) throws(LinearAlgebraError) {
    try solveTriangular(inputs[0], triangle, transpose: transpose, outputs[0], workers: workers)
  }

  func eigh() throws(LinearAlgebraError) {
    let n = inputs[0].rows
    let k = outputs[0].rows * outputs[0].columns
    let wanted = outputs.count > 1 ? outputs[1] : nil
    try expect("eigh", k <= n && (wanted.map { $0.rows == n && $0.columns == k } ?? true))
    if let wanted {
      let values = UnsafeMutableBufferPointer(start: outputs[0].base, count: k)
      return try LinearAlgebra.eigh(
        inputs[0], largest: k, values: values, vectors: wanted, workers: workers)
    }
    let all = try eigenvalues(Matrix(inputs[0]), workers: workers)
    for i in 0..<k { outputs[0].base[i] = all[n - k + i] }
  }

  func svd() throws(LinearAlgebraError) {
    let (m, n) = (inputs[0].rows, inputs[0].columns)
    let k = outputs[1].rows * outputs[1].columns
    let (u, vt) = (outputs[0], outputs[2])
    try expect("svd", k <= min(m, n) && u.rows == m && u.columns == k && vt.rows == k && vt.columns == n)
    if k == min(m, n) {
      let values = UnsafeMutableBufferPointer(start: outputs[1].base, count: k)
      return try LinearAlgebra.svd(inputs[0], u: u, values: values, vt: vt, workers: workers)
    }
    let leading = try truncatedSVD(Matrix(inputs[0]).converted(to: Double.self), rank: k, workers: workers)
    leading.u.converted(to: Scalar.self).withView { u.copy(from: $0) }
    leading.vt.converted(to: Scalar.self).withView { vt.copy(from: $0) }
    for i in 0..<k { outputs[1].base[i] = Scalar(leading.values[i]) }
  }

  func qr() throws(LinearAlgebraError) {
    try LinearAlgebra.qr(inputs[0], q: outputs[0], r: outputs[1])
  }

  private func expect(_ operation: String, _ condition: Bool) throws(LinearAlgebraError) {
    guard condition else {
      throw .shapes(
        operation: operation, inputs.map { [$0.rows, $0.columns] } + outputs.map { [$0.rows, $0.columns] })
    }
  }
}
