import Graph
import Tensors
import TestSupport
import Testing

@Suite struct LinearTests {
  private func dense(_ rows: Int, _ columns: Int) -> Factor {
    .dense(RandomModel.normals([rows, columns], seed: 1))
  }

  @Test("a low-rank pair, the input side first, is a layer")
  func chain() throws {
    let linear = try Linear(outFeatures: 6, inFeatures: 4, terms: [[dense(2, 4), dense(6, 2)]], bias: nil)
    #expect(linear.form.rank == 2)
    #expect(linear.form.byteCount == 4 * (2 * 4 + 6 * 2))
    #expect(linear.storedTensors.map(\.name) == ["0.0.weight", "0.1.weight"])
  }

  @Test("a term that does not chain is refused with its sizes")
  func broken() {
    #expect(throws: GraphError.factorsDoNotChain(expected: 4, rows: 6, columns: 2)) {
      try Linear(outFeatures: 6, inFeatures: 4, terms: [[dense(6, 2), dense(2, 4)]], bias: nil)
    }
    #expect(throws: GraphError.outputWidth(expected: 6, found: 2)) {
      try Linear(outFeatures: 6, inFeatures: 4, terms: [[dense(2, 4)]], bias: nil)
    }
    #expect(throws: GraphError.outputWidth(expected: 6, found: 5)) {
      try Linear(
        outFeatures: 6, inFeatures: 4, terms: [[dense(6, 4)], [dense(2, 4), dense(5, 2)]], bias: nil)
    }
    #expect(throws: GraphError.noFactors) { try Linear(outFeatures: 6, inFeatures: 4, terms: [], bias: nil) }
    #expect(throws: GraphError.noFactors) {
      try Linear(outFeatures: 6, inFeatures: 4, terms: [[]], bias: nil)
    }
    let bias = RandomModel.normals([5], seed: 1)
    #expect(throws: GraphError.biasShape(expected: 6, found: [5])) {
      try Linear(outFeatures: 6, inFeatures: 4, terms: [[dense(6, 4)]], bias: bias)
    }
    #expect(throws: GraphError.notAMatrix(shape: [5])) { try Linear(weight: bias, bias: nil) }
  }

  @Test("a model refuses a replacement of other outer sizes and stays as it was")
  func replacement() throws {
    var model = try RandomModel.model(RandomModel.configuration())
    let before = model.linears.map(\.form)
    let wrong = try Linear(weight: RandomModel.normals([3, 3], seed: 1), bias: nil)
    #expect(throws: GraphError.self) { try model.replace(model.nodes[0], with: wrong) }
    #expect(model.linears.map(\.form) == before)
  }

  @Test("a form's stored tensors are those of the layer, for sums of quantised, dense and diagonal factors")
  func storedTensors() throws {
    let scheme = QuantizationScheme(bits: 4, groupSize: 8, isSymmetric: false, scaleType: .bf16)
    let quantized = Factor.quantized(try QuantizedCase(rows: 12, columns: 20, scheme: scheme).matrix)
    let linear = try Linear(
      outFeatures: 12, inFeatures: 20,
      terms: [[quantized], [dense(3, 20), .diagonal(RandomModel.normals([3], seed: 2)), dense(12, 3)]],
      bias: nil)
    let form = linear.form.storedTensors
    let stored = linear.storedTensors
    #expect(form.map(\.name) == stored.map(\.name))
    #expect(form.map(\.elementType) == stored.map(\.tensor.elementType))
    #expect(form.map(\.shape) == stored.map(\.tensor.shape))
    #expect(linear.form.byteCount == stored.reduce(0) { $0 + $1.tensor.byteCount })
    #expect(linear.form.rank == 12 + 3)
    #expect(Set(form.map(\.name)).count == form.count)
  }

  @Test("a diagonal factor is the matrix with that diagonal")
  func diagonal() throws {
    var values = [Float](repeating: 9, count: 9)
    let factor = Factor.diagonal(Tensor([3], [1, 2, 3]))
    try values.withUnsafeMutableBufferPointer { try factor.copyFloats(to: #require($0.baseAddress)) }
    #expect(values == [1, 0, 0, 0, 2, 0, 0, 0, 3])
  }
}
