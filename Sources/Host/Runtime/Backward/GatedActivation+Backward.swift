import CKernels
import Graph
import LinearAlgebra

extension Activation {
  /// In place of gate and up, [T, F], their gradients: dgate = dh up f'(gate), dup = dh f(gate), where `gradient`
  /// is dh of h = f(gate) up.
  func backward(
    gate: MutableMatrixView<Float>, up: MutableMatrixView<Float>, gradient: MatrixView<Float>
  ) {
    precondition(gate.rows == up.rows && gate.columns == up.columns, "shapes differ")
    precondition(gate.rows == gradient.rows && gate.columns == gradient.columns, "shapes differ")
    for row in 0..<gate.rows {
      let gates = gate.base + row * gate.rowStride
      let ups = up.base + row * up.rowStride
      let source = gradient.base + row * gradient.rowStride
      switch self {
      case .silu: row_silu_gate_backward(gates, ups, source, gate.columns)
      case .gelu: row_gelu_gate_backward(gates, ups, source, gate.columns)
      case .geluTanh: row_gelu_tanh_gate_backward(gates, ups, source, gate.columns)
      case .relu: row_relu_gate_backward(gates, ups, source, gate.columns)
      }
    }
  }
}
