import Foundation
import Graph
import ModelIO
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Export

@Suite struct GPTQFormatTests {
  /// The weight `[out][in]` by the definition of the layout: `s (q - z)`, value `i` of a stream in bits `b i ..< b (i + 1)`.
  private func weight(_ file: SafetensorsFile, _ name: String, bits: Int, offset: Int) throws -> [Float] {
    let qweight = try #require(file["\(name).qweight"])
    let qzeros = try #require(file["\(name).qzeros"])
    let scales = try #require(file["\(name).scales"])
    let order = try #require(file["\(name).g_idx"])
    let (inputs, outputs) = (order.shape[0], scales.shape[1])
    func code(_ tensor: Tensor, index: Int, word: (Int) -> Int) -> Int {
      (0..<bits).reduce(0) { value, bit in
        let place = index * bits + bit
        let word = tensor.withElements(as: UInt32.self) { $0[word(place / 32)] }
        return value | Int(word >> UInt32(place % 32) & 1) << bit
      }
    }
    let values = try scales.floats()
    var result = [Float](repeating: 0, count: outputs * inputs)
    for output in 0..<outputs {
      for input in 0..<inputs {
        let group = order.withElements(as: Int32.self) { Int($0[input]) }
        let q = code(qweight, index: input) { $0 * outputs + output }
        let z = (code(qzeros, index: output) { group * qzeros.shape[1] + $0 } + offset) % (1 << bits)
        result[output * inputs + input] = values[group * outputs + output] * Float(q - z)
      }
    }
    return result
  }

  @Test(
    "unpacked by the definition, every weight is the number Lathe has",
    arguments: [
      ("gptq", 4, 8, true), ("gptq", 8, 0, true), ("gptq-v2", 4, 8, false),
      ("gptq-v2", 8, 0, false),
    ])
  func unpacked(format: String, bits: Int, groupSize: Int, isSymmetric: Bool) throws {
    let bench = try ExportBench(.qwen2) { node, linear in
      guard node.block == 0 else { return nil }
      return try CodeCase(bits: bits, groupSize: groupSize, isSymmetric: isSymmetric).layer(linear)
    }
    let file = try SafetensorsFile(path: "\(bench.export(format))/model.safetensors")
    let model = try bench.checkpoint().model
    for node in model.nodes where model.linears[node.index].form.terms[0][0].isCodes {
      let found = try weight(file, node.name, bits: bits, offset: format == "gptq" ? 1 : 0)
      #expect(try found == DenseProduct.weight(of: model.linears[node.index]).floats(), "\(node.name)")
    }
  }

  @Test("symmetric zeros are 0x77777777 in version 1 and 0x88888888 in version 2, and the label says which")
  func zeros() throws {
    let bench = try ExportBench { node, linear in
      node.block == nil ? nil : try CodeCase(bits: 4, groupSize: 8, isSymmetric: true).layer(linear)
    }
    for (format, word, label) in [("gptq", UInt32(0x7777_7777), "gptq"), ("gptq-v2", 0x8888_8888, "gptq_v2")]
    {
      let out = try bench.export(format, to: format)
      let file = try SafetensorsFile(path: "\(out)/model.safetensors")
      let zeros = try #require(file["model.layers.1.mlp.up_proj.qzeros"])
      #expect(zeros.withElements(as: UInt32.self) { $0.allSatisfy { $0 == word } })
      #expect(try quantization(out)["checkpoint_format"] == .string(label))
      #expect(try quantization(out)["sym"] == true)
      let copy = try Data(contentsOf: URL(filePath: "\(out)/quantize_config.json"))
      #expect(try copy.withUnsafeBytes { try JSON(parsing: $0) } == quantization(out))
    }
  }

  @Test("layers of other codes stand in dynamic, dense ones are excluded there")
  func dynamic() throws {
    let bench = try ExportBench { node, linear in
      switch node.role {
      case .down: try CodeCase(bits: 8, groupSize: 0, isSymmetric: true).layer(linear)
      case .query, .languageModelHead: nil
      default: try CodeCase(bits: 4, groupSize: 8, isSymmetric: true).layer(linear)
      }
    }
    let json = try quantization(bench.export("gptq"))
    #expect(json["bits"] == 4 && json["group_size"] == 8 && json["lm_head"] == false)
    let keys = try #require(json["dynamic"]?.objectValue).keys
    #expect(
      keys == [
        "-:^model\\.layers\\.0\\.self_attn\\.q_proj$", "-:^model\\.layers\\.1\\.self_attn\\.q_proj$",
        "+:^model\\.layers\\.[0-9]+\\.mlp\\.down_proj$",
      ])
  }

  @Test("what the layout has no room for is refused, and nothing is written")
  func refusals() throws {
    func text(_ format: String, _ codes: CodeCase, scaleType: ElementType = .bf16, role: Role = .up) throws
      -> String
    {
      let bench = try ExportBench { node, linear in
        node.role == role ? try codes.layer(linear, scaleType: scaleType) : nil
      }
      let text = refusal { try bench.export(format) }
      #expect(bench.leftovers == [])
      return text
    }
    #expect(try text("gptq", CodeCase(bits: 5, groupSize: 8, isSymmetric: true)).contains("5 bits"))
    #expect(try text("gptq", CodeCase(bits: 4, groupSize: 8, isSymmetric: false)).contains("gptq-v2"))
    #expect(
      try text("gptq-v2", CodeCase(bits: 3, groupSize: 8, isSymmetric: false)).contains("multiple of 32"))
    #expect(
      try text("gptq", CodeCase(bits: 4, groupSize: 8, isSymmetric: true), scaleType: .f32)
        .contains("--dtype f16"))
    #expect(
      try text("gptq", CodeCase(bits: 4, groupSize: 16, isSymmetric: true), role: .down).contains(
        "40 columns"))
  }
}

extension FactorForm {
  fileprivate var isCodes: Bool { if case .quantized = storage { true } else { false } }
}
