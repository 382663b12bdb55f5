import Foundation
import Graph
import ModelIO
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Export

@Suite struct FactorFormatTests {
  /// Layers of every kind: factors, factors in codes, a diagonal, a sum, a single matrix in codes, a dense one.
  private static func layer(_ node: Node, _ linear: Linear) throws -> Linear? {
    let factors = try TestLayers.factors(node, rank: 5)
    let codes = try TestLayers.quantized(
      factors[1].tensors[0], bits: 3, groupSize: 4, isSymmetric: false, scaleType: .bf16)
    let ones = try Tensor([5], [1, 2, 3, 4, 5]).converted(to: .bf16)
    switch node.role {
    case .query: return try TestLayers.replacing(linear, terms: [factors])
    case .key: return try TestLayers.replacing(linear, terms: [[factors[0], codes]])
    case .value: return try TestLayers.replacing(linear, terms: [[factors[0], .diagonal(ones), factors[1]]])
    case .gate: return try TestLayers.replacing(linear, terms: [linear.terms[0], factors])
    case .up: return try CodeCase(bits: 6, groupSize: 7, isSymmetric: true).layer(linear)
    default: return nil
    }
  }

  @Test("factors of every kind come back as they were", arguments: SyntheticFolder.Family.allCases)
  func factored(family: SyntheticFolder.Family) throws {
    let bench = try ExportBench(family, change: Self.layer)
    let out = try bench.export("factored-hf")
    let exported = try Checkpoint(directory: out)
    let source = try bench.checkpoint()
    #expect(exported.model.linears.map(\.form) == source.model.linears.map(\.form))
    for (left, right) in zip(exported.model.storedTensors, source.model.storedTensors) {
      #expect(left.name == right.name && SHA256.hex(of: left.tensor) == SHA256.hex(of: right.tensor))
    }
    #expect(exported.configuration["model_type"]?.stringValue == "lathe_\(family.rawValue)")
    // Written by compress from there, it is Lathe's own layout again.
    let again = bench.folder.file("again")
    try FileManager.default.createDirectory(atPath: again, withIntermediateDirectories: false)
    _ = try CheckpointWriter(source: exported).write(exported.model, into: again)
    let json = try Checkpoint(directory: again).configuration
    #expect(json["model_type"]?.stringValue == family.rawValue && json["auto_map"] == nil)
    #expect(json["lathe_factors"] == nil && json["quantization_config"]?["format"]?.stringValue == "lathe")
  }

  @Test("a model without factors needs no modelling file")
  func plain() throws {
    let bench = try ExportBench()
    try bench.export("factored-hf")
    #expect(!bench.folder.names(in: "out").contains("modeling_lathe.py"))
    #expect(
      bench.folder.contents(of: "out")["model.safetensors"]
        == bench.folder.contents(of: "model")["model.safetensors"])
  }

  @Test("base and adapter of the residual form add up to what the layers were", arguments: [false, true])
  func adapter(hasCodes: Bool) throws {
    let bench = try ExportBench { node, linear in
      guard node.role != .key, node.block != nil else { return nil }
      let base = hasCodes ? try CodeCase(bits: 4, groupSize: 8, isSymmetric: false).layer(linear) : linear
      let factors = try TestLayers.factors(node, rank: node.role == .up ? 6 : 2)
      // The low-rank term may come first.
      let terms = node.role == .down ? [factors, base.terms[0]] : [base.terms[0], factors]
      return try TestLayers.replacing(linear, terms: terms)
    }
    let out = try bench.export("peft")
    let base = try Checkpoint(directory: "\(out)/base").model
    let adapter = try SafetensorsFile(path: "\(out)/adapter/adapter_model.safetensors")
    let model = try bench.checkpoint().model
    for node in model.nodes {
      let whole = model.linears[node.index]
      let prefix = "base_model.model.\(node.name)"
      guard whole.terms.count == 2 else {
        #expect(adapter["\(prefix).lora_A.weight"] == nil)
        try expectEqual(base.linears[node.index].terms, whole.terms, node)
        continue
      }
      let a = try #require(adapter["\(prefix).lora_A.weight"])
      let b = try #require(adapter["\(prefix).lora_B.weight"])
      #expect(a.shape == [6, node.inFeatures] && b.shape == [node.outFeatures, 6])
      let low = try Linear(
        outFeatures: node.outFeatures, inFeatures: node.inFeatures, terms: [[.dense(a), .dense(b)]], bias: nil
      )
      let stored = whole.terms[node.role == .down ? 0 : 1]
      let expected = try Linear(
        outFeatures: node.outFeatures, inFeatures: node.inFeatures, terms: [stored], bias: nil)
      let (left, right) = try (
        DenseProduct.weight(of: low).floats(), DenseProduct.weight(of: expected).floats()
      )
      // Sums of 2 or 6 products and of zeros, in another order.
      #expect(zip(left, right).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) }, "\(node.name)")
      try expectEqual(base.linears[node.index].terms, [whole.terms[node.role == .down ? 1 : 0]], node)
    }
  }

  private func expectEqual(_ left: [[Factor]], _ right: [[Factor]], _ node: Node) throws {
    #expect(left.map { $0.map(\.form) } == right.map { $0.map(\.form) }, "\(node.name)")
    for (one, two) in zip(left.joined(), right.joined()) {
      #expect(
        one.tensors.map { SHA256.hex(of: $0) } == two.tensors.map { SHA256.hex(of: $0) }, "\(node.name)")
    }
  }

  @Test("layers that are no matrix plus a low-rank term are refused by name")
  func adapterRefusals() throws {
    #expect(refusal { try ExportBench().export("peft") }.contains("no layer has a low-rank term"))
    let bench = try ExportBench { node, linear in
      node.role == .up ? try TestLayers.replacing(linear, terms: [TestLayers.factors(node, rank: 2)]) : nil
    }
    let text = refusal { try bench.export("peft") }
    #expect(text.contains("model.layers.0.mlp.up_proj") && text.contains("40x2 BF16 times 2x24 BF16"))
    #expect(bench.leftovers == [])
  }

  @Test("a PEFT output is replaced as a whole, one with foreign folders in it is not")
  func replaced() throws {
    let bench = try ExportBench { node, linear in
      try TestLayers.replacing(linear, terms: [linear.terms[0], TestLayers.factors(node, rank: 2)])
    }
    try bench.export("peft")
    try bench.export("peft", replaces: true)
    #expect(bench.folder.names(in: "out") == ["adapter", "base"])
    try FileManager.default.createDirectory(
      atPath: bench.folder.file("out/mine"), withIntermediateDirectories: false)
    #expect(refusal { try bench.export("peft", replaces: true) }.contains("mine"))
    #expect(bench.folder.names(in: "out") == ["adapter", "base", "mine"])
  }

  @Test(
    "every format writes the same bytes with one and four threads", arguments: ExportFormats.all.map(\.name))
  func threads(format: String) throws {
    let bench = try ExportBench(elementType: .f16) { node, linear in
      guard node.block != nil else { return nil }
      let codes = try CodeCase(bits: 8, groupSize: 0, isSymmetric: true).layer(linear, scaleType: .f16)
      guard format == "peft" else { return codes }
      return try TestLayers.replacing(linear, terms: [codes.terms[0], TestLayers.factors(node, rank: 3)])
    }
    // Rows of codes have no type there of their own.
    let options = ExportOptions(type: format == "gguf" ? "q8_0" : nil)
    try bench.export(format, to: "one", options: options, threads: 1)
    try bench.export(format, to: "four", options: options, threads: 4)
    let files = ["one", "four"].map { FileManager.default.contents(atPath: bench.folder.file($0)) }
    #expect(files[0] == files[1])
    for folder in ["", "/base", "/adapter"] {
      let (one, four) = (
        bench.folder.contents(of: "one\(folder)"), bench.folder.contents(of: "four\(folder)")
      )
      #expect(one == four)
    }
  }
}
