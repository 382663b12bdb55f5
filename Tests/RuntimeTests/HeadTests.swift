import Graph
import LinearAlgebra
import Runtime
import Tensors
import TestSupport
import Testing

@Suite struct HeadTests {
  static func logits(_ head: LanguageModelHead, _ hidden: Matrix<Float>) throws -> Matrix<Float> {
    var logits = Matrix<Float>(rows: hidden.rows, columns: head.vocabularySize)
    let normed = hidden.withView { head.normalised($0) }
    try logits.withMutableView { logits in try normed.withView { try head.forward($0, into: logits) } }
    return logits
  }

  @Test(
    "logits are the head's matrix times the normalised state", arguments: [false, true],
    [ElementType.f32, .bf16])
  func values(isTied: Bool, type: ElementType) throws {
    let configuration = RandomModel.configuration(isTied: isTied)
    let model = try RandomModel.model(configuration, elementType: type)
    let hidden = Numbers.matrix(3, 24, seed: 1)
    let logits = try Self.logits(LanguageModelHead(model: model), hidden)
    let weight =
      try isTied
      ? model.others[model.names.embedding]?.doubles() : model.linears.last?.storedTensors[0].tensor.doubles()
    let norm = try #require(try model.others[model.names.finalNorm]?.floats())
    let matrix = try #require(weight)
    for row in 0..<3 {
      let x = RMSNormTests.oracle(
        hidden.row(row).map(Double.init), weight: norm, epsilon: configuration.normEpsilon)
      let expected = (0..<53).map { v in (0..<24).reduce(0) { $0 + matrix[v * 24 + $1] * x[$1] } }
      #expect(Numbers.distance(logits.row(row), expected) < 1e-5)
    }
  }

  @Test("a head converted in runs of rows gives what a prepared one gives")
  func streaming() throws {
    let configuration = RandomModel.configuration(hiddenSize: 8, vocabularySize: 9000)
    let model = try RandomModel.model(configuration, elementType: .bf16)
    let hidden = Numbers.matrix(3, 8, seed: 1)
    let prepared = try Self.logits(LanguageModelHead(model: model), hidden)
    let streamed = try Self.logits(LanguageModelHead(model: model, preparedLimit: 0), hidden)
    #expect(Numbers.distance(streamed.elements, prepared.elements.map(Double.init)) < 1e-5)
  }

  @Test("an untied model without a head is refused")
  func missing() throws {
    let tied = try RandomModel.model(RandomModel.configuration(isTied: true))
    let model = Model(
      configuration: RandomModel.configuration(), names: tied.names, nodes: tied.nodes,
      linears: tied.linears, others: tied.others)
    #expect(throws: RuntimeError.missingLayer(.languageModelHead, block: nil)) {
      try LanguageModelHead(model: model)
    }
  }

  @Test("chunks of logits stay within their bound")
  func bound() throws {
    let head = try LanguageModelHead(model: RandomModel.model(RandomModel.configuration()))
    #expect(head.rowsPerChunk(bytes: 53 * 4 * 7 + 3) == 7)
    #expect(head.rowsPerChunk(bytes: 1) == 1)
  }

  @Test(
    "embeddings are the rows of the table; a token outside is refused",
    arguments: [ElementType.f32, .bf16, .f16])
  func embedding(type: ElementType) throws {
    let model = try RandomModel.model(RandomModel.configuration(), elementType: type)
    let table = try EmbeddingTable(model: model)
    let all = try table.weight.floats()
    let found = try table.forward([52, 0, 7, 7])
    for (row, token) in [52, 0, 7, 7].enumerated() {
      #expect(found.row(row) == Array(all[token * 24..<token * 24 + 24]))
    }
    for token: Int32 in [53, -1] {
      #expect(throws: RuntimeError.token(Int(token), position: 1, vocabulary: 53)) {
        try table.forward([1, token])
      }
    }
  }
}
