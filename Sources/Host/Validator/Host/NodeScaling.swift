import LinearAlgebra

/// How a layer of the tiny model came to read `x / input` and to give `y / output`.
struct NodeScaling: Sendable {
  var input: [Double]
  var output: [Double]

  init(of node: TinyNode) {
    input = [Double](repeating: 1, count: node.inFeatures)
    output = [Double](repeating: 1, count: node.outFeatures)
  }

  func followed(by next: NodeScaling) -> NodeScaling {
    var both = self
    both.input = zip(input, next.input).map { $0 * $1 }
    both.output = zip(output, next.output).map { $0 * $1 }
    return both
  }

  /// `diag(output) W diag(1 / input)`: the matrix for the inputs and outputs that the node had before.
  func undone(_ matrix: Matrix<Double>) -> Matrix<Double> {
    matrix.withView { view in
      Matrix(rows: view.rows, columns: view.columns) { view[$0, $1] * output[$0] / input[$1] }
    }
  }
}
