import Calibration
import Graph
import LinearAlgebra
import PluginHost
import Runtime
import Tensors
import TestSupport
import Testing

@Suite struct InputScalingTests {
  /// What the first block makes of random states.
  private func output(_ model: Model) throws -> [Float] {
    let block = try PreparedBlock(model: model, block: 0, workers: .serial)
    let random = CounterRandom(seed: 4)
    var hidden = Matrix<Float>(rows: 9, columns: model.configuration.hiddenSize) { i, j in
      random.normal(at: UInt64(i * 1000 + j))
    }
    try block.forward(&hidden, rotary: RotaryTable(model.configuration.rotary, length: 9))
    return hidden.withUnsafeBuffer { Array($0) }
  }

  private func changed(_ model: Model, by changes: StageChanges) throws -> Model {
    var model = model
    for (index, linear) in changes.linears { try model.replace(model.nodes[index], with: linear) }
    for (name, vector) in changes.vectors { try model.replace(name, with: vector) }
    return model
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Float {
    let norm = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    return norm / a.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private func run(_ bench: PluginBench, _ name: String = "scales_inputs") throws -> StageChanges {
    let instance = try bench.instance(bench.library(name))
    return try instance.compress(block: 0, bench.environment, bench.snapshot, nil)
  }

  @Test("scaled inputs with the weights for them leave the block what it was, with shared value heads too")
  func sameFunction() throws {
    let bench = try PluginBench()
    let changes = try run(bench)
    #expect(changes.linears.count == 7 && changes.vectors.count == 2)
    let scaled = try changed(bench.model, by: changes)
    #expect(distance(try output(bench.model), try output(scaled)) < 1e-5)
    // Something was scaled: the new layers do not fit the old norms.
    var mixed = bench.model
    for (index, linear) in changes.linears { try mixed.replace(mixed.nodes[index], with: linear) }
    #expect(distance(try output(bench.model), try output(mixed)) > 1e-2)
  }

  @Test("what is stated as divided by is what a rounded norm divides by")
  func roundedNorm() throws {
    let bench = try PluginBench(elementType: .bf16)
    let changes = try run(bench)
    for (name, vector) in changes.vectors {
      let old = try #require(bench.model.others[name]).floats()
      let role: Role = name.contains("post_attention") ? .gate : .query
      let node = try #require(bench.model.nodes.first { $0.role == role })
      let input = try #require(changes.scalings[node.index]?.input)
      for ((old, new), scale) in zip(zip(old, try vector.floats()), input) {
        #expect(abs(new * scale - old) <= 1e-6 * abs(old))
      }
      #expect(vector.elementType == .bf16)
    }
  }

  @Test("each layer within its scalings is the layer it was")
  func enclosed() throws {
    let bench = try PluginBench()
    let changes = try run(bench)
    for node in bench.model.nodes(inBlock: 0) {
      let scaling = try #require(changes.scalings[node.index])
      let linear = try #require(changes.linears[node.index])
        .enclosed(dividing: scaling.input, multiplying: scaling.output)
      let old = try DenseProduct.weight(of: bench.model.linears[node.index]).floats()
      #expect(distance(old, try DenseProduct.weight(of: linear).floats()) < 1e-6)
    }
  }

  @Test("the rows and the bias of a layer of any form can be scaled")
  func rows() throws {
    let a = RandomModel.normals([4, 3], seed: 1)
    let b = RandomModel.normals([3, 5], seed: 2)
    let scales: [Float] = [2, 0.5, -1, 3]
    let codes: [UInt8] = (0..<20).map { UInt8($0 % 4) }
    let groups = Tensor([4, 2], (0..<8).map { Float($0) + 1 })
    let packed = codes.withUnsafeBufferPointer { codes in
      [
        Factor.codebook(
          CodebookMatrix(
            rows: 4, columns: 5, scheme: CodebookScheme(bits: 2, groupSize: 3, scaleType: .f32), codes: codes,
            scales: groups, codebook: Tensor([4], [-1, 0.25, 0, 1]))),
        Factor.quantized(
          QuantizedMatrix(
            rows: 4, columns: 5,
            scheme: QuantizationScheme(bits: 2, groupSize: 3, isSymmetric: true, scaleType: .f32),
            codes: codes,
            scales: groups, zeroCodes: nil)),
      ]
    }
    let linear = try Linear(
      outFeatures: 4, inFeatures: 5, terms: [[.dense(b), .dense(a)]] + packed.map { [$0] },
      bias: RandomModel.normals([4], seed: 3))
    let scaled = try linear.scalingRows(by: scales)
    #expect(scaled.form == linear.form)
    let (old, new) = (
      try DenseProduct.weight(of: linear).floats(), try DenseProduct.weight(of: scaled).floats()
    )
    for i in 0..<20 { #expect(abs(new[i] - scales[i / 5] * old[i]) <= 1e-5) }
    let biases = (try #require(linear.bias).floats(), try #require(scaled.bias).floats())
    for i in 0..<4 { #expect(biases.1[i] == scales[i] * biases.0[i]) }
  }

  @Test(
    "a reader or an absorber that is not selected is named",
    arguments: [(1, "k_proj"), (2, "v_proj"), (5, "up_proj")])
  func unselected(index: Int, name: String) throws {
    let bench = try PluginBench(unselected: [index])
    let text = try #require(complaint { try run(bench) })
    #expect(text.contains(name) && text.contains("is not selected"), "\(text)")
  }

  @Test("an input that is scaled without replacements is refused")
  func forgotten() throws {
    let text = try #require(complaint { try run(try PluginBench(), "forgets_scaled") })
    #expect(text.contains("gave no replacement"), "\(text)")
  }
}
