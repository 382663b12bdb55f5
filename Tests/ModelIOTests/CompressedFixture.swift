import Graph
import TestSupport
import Tensors

@testable import ModelIO

/// A small folder, and its model compressed in every form that a checkpoint can hold.
enum CompressedFixture {
  /// Layers 0 to 3 as two factors, quantised, quantised with a low-rank correction, and with a diagonal.
  static func compressed(_ model: Model) throws -> Model {
    var model = model
    func dense(_ rows: Int, _ columns: Int, _ type: ElementType = .bf16) throws -> Factor {
      .dense(try randomTensor(type, [rows, columns], seed: UInt64(rows * 100 + columns)))
    }
    func quantized(_ rows: Int, _ columns: Int, bits: Int, group: Int, symmetric: Bool) throws -> Factor {
      let scheme = QuantizationScheme(bits: bits, groupSize: group, isSymmetric: symmetric, scaleType: .f16)
      let groups = scheme.groupCount(columns: columns)
      let random = CounterRandom(seed: UInt64(bits))
      let mask = UInt8((1 << bits) - 1)
      let codes = (0..<rows * columns).map { UInt8(truncatingIfNeeded: random.bits(at: UInt64($0))) & mask }
      let zeros = (0..<rows * groups).map {
        UInt8(truncatingIfNeeded: random.bits(at: 999 - UInt64($0))) & mask
      }
      let scales = try randomTensor(.f16, [rows, groups], seed: 3)
      return codes.withUnsafeBufferPointer { codes in
        zeros.withUnsafeBufferPointer { zeros in
          .quantized(
            QuantizedMatrix(
              rows: rows, columns: columns, scheme: scheme, codes: codes, scales: scales,
              zeroCodes: symmetric ? nil : zeros))
        }
      }
    }
    func replace(_ index: Int, _ terms: [[Factor]]) throws {
      let node = model.nodes[index]
      let linear = try Linear(
        outFeatures: node.outFeatures, inFeatures: node.inFeatures, terms: terms,
        bias: model.linears[index].bias)
      try model.replace(node, with: linear)
    }
    let (scales, levels) = (try randomTensor(.bf16, [4, 3], seed: 6), try randomTensor(.f32, [16], seed: 7))
    let codes: [UInt8] = (0..<32).map { UInt8($0 % 16) }
    let table = codes.withUnsafeBufferPointer { codes in
      Factor.codebook(
        CodebookMatrix(
          rows: 4, columns: 8, scheme: CodebookScheme(bits: 4, groupSize: 3, scaleType: .bf16), codes: codes,
          scales: scales, codebook: levels))
    }
    try replace(0, [[try dense(3, 8), try dense(8, 3, .f32)]])
    try replace(1, [[try quantized(4, 8, bits: 3, group: 3, symmetric: false)]])
    try replace(
      2,
      [
        [try quantized(4, 8, bits: 4, group: 0, symmetric: true)], [try dense(1, 8), try dense(4, 1)],
        [table],
      ])
    try replace(
      3,
      [
        [
          .diagonal(try randomTensor(.f64, [8], seed: 4)), try dense(8, 8),
          .diagonal(try randomTensor(.f32, [8], seed: 5)),
        ]
      ])
    return model
  }

  static func source(_ changes: [(String, JSON?)] = [], in temporary: TemporaryFolder) throws -> Checkpoint {
    let folder = try CheckpointFixture(changes).write(temporary, "source")
    temporary.write("{\"kept\": \"byte for byte\" }\n\n", to: "source/tokenizer.json")
    temporary.write("template", to: "source/chat_template.jinja")
    temporary.write("terms", to: "source/LICENSE.txt")
    temporary.write("not copied", to: "source/README.md")
    return try Checkpoint(directory: folder)
  }
}
