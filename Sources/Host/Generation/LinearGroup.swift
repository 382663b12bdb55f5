import CKernels
import LinearAlgebra
import Runtime

/// Linear layers that read one input, as query, key and value do: factors of one depth are one batch of products.
struct LinearGroup: Sendable {
  let layers: [StoredLinear]
  private let depth: Int

  init(_ layers: [StoredLinear]) {
    self.layers = layers
    depth = layers.flatMap(\.terms).map(\.count).max() ?? 0
  }

  /// A chain of factors on its way: what the next factor reads, and where the last one writes.
  private struct Chain {
    let factors: [any StoredMatrix]
    /// Of the layer whose output this term is added to; nil for a layer's first term, which writes it.
    let addedTo: Int?
    let output: MutableMatrixView<Float>
    var input: MatrixView<Float>
  }

  /// Y_l = X W_l^T + b_l for each layer; X: [T, in], Y_l: [T, out_l]. Outputs overlap nothing.
  func forward(
    _ input: MatrixView<Float>, into outputs: [MutableMatrixView<Float>], workers: Workers
  ) throws(RuntimeError) {
    var scratch = Scratch(rows: input.rows)
    var chains: [Chain] = []
    for (index, layer) in layers.enumerated() {
      for (number, term) in layer.terms.enumerated() {
        chains.append(
          Chain(
            factors: term, addedTo: number == 0 ? nil : index,
            output: number == 0 ? outputs[index] : scratch.matrix(layer.outFeatures), input: input))
      }
    }
    for level in 0..<depth {
      var batch = ProductBatch()
      let shared = level == 0 ? Operand(input, needs: needs(chains, level: 0, rows: input.rows)) : nil
      for index in chains.indices where level < chains[index].factors.count {
        let chain = chains[index]
        let isLast = level + 1 == chain.factors.count
        let output = isLast ? chain.output : scratch.matrix(chain.factors[level].rows)
        let operand = shared ?? Operand(chain.input, needs: needs([chain], level: level, rows: input.rows))
        batch.add(chain.factors[level], operand, into: output)
        chains[index].input = output.readable
      }
      try batch.run(workers)
    }
    for chain in chains {
      guard let index = chain.addedTo else { continue }
      outputs[index].add(chain.output.readable)
    }
    for (layer, output) in zip(layers, outputs) {
      guard let bias = layer.bias else { continue }
      for row in 0..<output.rows { row_add(bias, output.base + row * output.rowStride, bias.count) }
    }
    withExtendedLifetime(scratch) {}
  }

  /// What the products with vectors at one depth read; products with many decode their matrices instead.
  private func needs(_ chains: [Chain], level: Int, rows: Int) -> Operand.Needs {
    var needs = Operand.Needs()
    guard rows <= ProductBatch.vectorLimit else { return needs }
    for chain in chains where level < chain.factors.count { needs.formUnion(chain.factors[level].needs) }
    return needs
  }
}
