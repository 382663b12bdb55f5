import Graph
import LinearAlgebra
import Synchronization
import TestSupport
import Testing

@testable import Runtime

@Suite struct PreparedBlockTests {
  static func configuration() -> DecoderConfiguration {
    var configuration = RandomModel.configuration()
    configuration.hasQueryKeyNorm = true
    configuration.biasedRoles = [.query, .value, .down]
    configuration.windows = [nil, 6]
    return configuration
  }

  static func run(
    _ block: PreparedBlock, _ configuration: DecoderConfiguration, seed: UInt64,
    capture: PreparedBlock.Capture? = nil
  ) throws -> Matrix<Float> {
    var hidden = Numbers.matrix(30, configuration.hiddenSize, seed: seed)
    try block.forward(&hidden, rotary: RotaryTable(configuration.rotary, length: 30), capture: capture)
    return hidden
  }

  @Test("every site shows the input that its layers turn into the output")
  func capture() throws {
    let configuration = Self.configuration()
    let block = try PreparedBlock(
      model: RandomModel.model(configuration), block: 1, workers: Workers(threads: 2))
    var inputs: [InputSite: Matrix<Float>] = [:]
    let output = try Self.run(block, configuration, seed: 3) { inputs[$0] = Matrix($1) }
    #expect(Set(inputs.keys) == [.attention, .attentionOutput, .mlp, .down])
    let start = Numbers.matrix(30, configuration.hiddenSize, seed: 3)
    var sum = start
    try sum.withMutableView { sum in
      try inputs[.attentionOutput]?.withView {
        try block.attentionOutput.forward($0, into: sum, adding: true)
      }
      try inputs[.down]?.withView { try block.mlp.down.forward($0, into: sum, adding: true) }
    }
    #expect(sum == output)
    var normed = start
    normed.withMutableView { block.inputNorm.forward($0) }
    #expect(inputs[.attention] == normed)
    #expect(inputs[.mlp]?.columns == configuration.hiddenSize)
    #expect(inputs[.down]?.columns == configuration.intermediateSize)
  }

  @Test("a pass that ends at a site shows the same inputs up to that site, and none after it")
  func endsAtASite() throws {
    let configuration = Self.configuration()
    let block = try PreparedBlock(model: RandomModel.model(configuration), block: 1, workers: .serial)
    var inputs: [InputSite: Matrix<Float>] = [:]
    _ = try Self.run(block, configuration, seed: 5) { inputs[$0] = Matrix($1) }
    for last in [InputSite.attention, .attentionOutput, .mlp, .down] {
      var found: [InputSite: Matrix<Float>] = [:]
      var hidden = Numbers.matrix(30, configuration.hiddenSize, seed: 5)
      let rotary = RotaryTable(configuration.rotary, length: 30)
      try block.forward(&hidden, rotary: rotary, until: last) { found[$0] = Matrix($1) }
      #expect(found == inputs.filter { $0.key.rawValue <= last.rawValue })
    }
  }

  @Test("a capture changes no byte, and neither do other sequences at the same time")
  func reentrance() throws {
    let configuration = Self.configuration()
    let block = try PreparedBlock(model: RandomModel.model(configuration), block: 0, workers: .serial)
    let alone = try (0..<6).map { try Self.run(block, configuration, seed: UInt64($0)) { _, _ in } }
    let together = try Workers(threads: 4).map(count: 6) {
      try Self.run(block, configuration, seed: UInt64($0))
    }
    #expect(alone == together)
  }

  @Test("an output depends on no later position")
  func causality() throws {
    let configuration = Self.configuration()
    let block = try PreparedBlock(model: RandomModel.model(configuration), block: 0, workers: .serial)
    var changed = Numbers.matrix(30, configuration.hiddenSize, seed: 1)
    for column in 0..<configuration.hiddenSize { changed[20, column] += 1 }
    try block.forward(&changed, rotary: RotaryTable(configuration.rotary, length: 30))
    let plain = try Self.run(block, configuration, seed: 1)
    #expect(changed.rows(0..<20) == plain.rows(0..<20))
    #expect(changed.row(20) != plain.row(20))
    #expect(changed.row(29) != plain.row(29))
  }

  @Test("a missing layer, a missing tensor and a wrong shape are named")
  func refusals() throws {
    let configuration = Self.configuration()
    let model = try RandomModel.model(configuration)
    func without(nodes: [Node], others: Model) -> Model {
      Model(
        configuration: configuration, names: model.names, nodes: nodes, linears: model.linears,
        others: others.others)
    }
    let headless = without(nodes: model.nodes.filter { $0.role != .key }, others: model)
    #expect(throws: RuntimeError.missingLayer(.key, block: 0)) {
      try PreparedBlock(model: headless, block: 0, workers: .serial)
    }
    var tensors = model.others
    let name = "model.layers.1.input_layernorm.weight"
    tensors[name] = nil
    let normless = Model(
      configuration: configuration, names: model.names, nodes: model.nodes, linears: model.linears,
      others: tensors)
    #expect(throws: RuntimeError.missingTensor(name)) {
      try PreparedBlock(model: normless, block: 1, workers: .serial)
    }
    var wide = configuration
    wide.intermediateSize += 1
    let wrong = Model(
      configuration: wide, names: model.names, nodes: model.nodes, linears: model.linears,
      others: model.others)
    #expect(
      throws: RuntimeError.layerShape("model.layers.0.mlp.gate_proj", expected: [41, 24], found: [40, 24])
    ) { try PreparedBlock(model: wrong, block: 0, workers: .serial) }
  }
}
