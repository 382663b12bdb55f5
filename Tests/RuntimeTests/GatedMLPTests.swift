import Graph
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Runtime

@Suite struct GatedMLPTests {
  @Test("an MLP too wide to be held at once gives what its rows give alone")
  func chunks() throws {
    // 2^16 + 1 hidden units leave room for 64 rows at a time.
    let width = 1 << 16 + 1
    func linear(_ shape: [Int], seed: UInt64) throws -> PreparedLinear {
      try PreparedLinear(
        Linear(weight: RandomModel.normals(shape, seed: seed, deviation: 0.01), bias: nil), name: "layer")
    }
    let mlp = GatedMLP(
      gate: try linear([width, 2], seed: 1), up: try linear([width, 2], seed: 2),
      down: try linear([2, width], seed: 3), activation: .silu)
    #expect(mlp.rowsPerChunk == 64)
    let input = Numbers.matrix(65, 2, seed: 4)
    var whole = Matrix<Float>(rows: 65, columns: 2)
    var seen = 0
    try whole.withMutableView { whole in
      try input.withView { try mlp.forward($0, addingTo: whole) { _, rows in seen += rows.rows } }
    }
    #expect(seen == 65)
    for row in [0, 63, 64] {
      var alone = Matrix<Float>(rows: 1, columns: 2)
      try alone.withMutableView { alone in
        try input.rows(row..<row + 1).withView { try mlp.forward($0, addingTo: alone, capture: nil) }
      }
      #expect(Numbers.distance(whole.row(row), alone.elements.map(Double.init)) < 1e-6)
    }
  }
}
