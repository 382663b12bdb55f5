import CKernels
import Graph
import LinearAlgebra

extension Activation {
  /// h[t, i] = f(gate[t, i]) * up[t, i]; gate, up, h: [T, F]. `output` may be the memory of either input.
  ///
  /// silu(x) = x / (1 + exp(-x)), gelu(x) = x (1 + erf(x / sqrt 2)) / 2, relu(x) = max(x, 0), and the tanh form
  /// of gelu from arXiv 1606.08415, section 2. Absolute error below 4e-7 times |gate up|.
  public func forward(
    gate: MatrixView<Float>, up: MatrixView<Float>, into output: MutableMatrixView<Float>
  ) {
    precondition(gate.rows == output.rows && gate.columns == output.columns, "shapes differ")
    precondition(gate.rows == up.rows && gate.columns == up.columns, "shapes differ")
    for row in 0..<gate.rows {
      let gates = gate.base + row * gate.rowStride
      let ups = up.base + row * up.rowStride
      let target = output.base + row * output.rowStride
      switch self {
      case .silu: row_silu_gate(gates, ups, target, gate.columns)
      case .gelu: row_gelu_gate(gates, ups, target, gate.columns)
      case .geluTanh: row_gelu_tanh_gate(gates, ups, target, gate.columns)
      case .relu: row_relu_gate(gates, ups, target, gate.columns)
      }
    }
  }
}
