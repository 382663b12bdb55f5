import Graph
import LinearAlgebra

/// The feed-forward part of a block: y = down(f(gate(x)) * up(x)).
///
/// x, y: [T, D], hidden units [T, F], which exist for a bounded number of rows at a time.
public struct GatedMLP: Sendable {
  public let gate: PreparedLinear
  public let up: PreparedLinear
  public let down: PreparedLinear
  public let activation: Activation

  /// Most hidden units that exist at once, in elements: 16 MB of f32, and twice that with the gates.
  static let hiddenLimit = 1 << 22

  public init(gate: PreparedLinear, up: PreparedLinear, down: PreparedLinear, activation: Activation) {
    self.gate = gate
    self.up = up
    self.down = down
    self.activation = activation
  }

  /// Rows handled at once; depends on the shape of the layers alone.
  var rowsPerChunk: Int { max(64, Self.hiddenLimit / max(gate.outFeatures, 1)) }

  /// Adds y to `residual`, where there is one. `capture` sees the input of `down` in runs of consecutive rows.
  public func forward(
    _ input: MatrixView<Float>, addingTo residual: MutableMatrixView<Float>?,
    capture: PreparedBlock.Capture?
  ) throws(RuntimeError) {
    let step = min(rowsPerChunk, max(input.rows, 1))
    var gates = Matrix<Float>(uninitialisedRows: step, columns: gate.outFeatures)
    var hidden = Matrix<Float>(uninitialisedRows: step, columns: gate.outFeatures)
    try gates.withMutableView { (gates) throws(RuntimeError) in
      try hidden.withMutableView { (hidden) throws(RuntimeError) in
        for start in stride(from: 0, to: input.rows, by: step) {
          let rows = start..<min(start + step, input.rows)
          let gates = gates.rows(0..<rows.count)
          let hidden = hidden.rows(0..<rows.count)
          try gate.forward(input.rows(rows), into: gates)
          try up.forward(input.rows(rows), into: hidden)
          activation.forward(gate: gates.readable, up: hidden.readable, into: hidden)
          capture?(.down, hidden.readable)
          if let residual { try down.forward(hidden.readable, into: residual.rows(rows), adding: true) }
        }
      }
    }
  }
}
