import Foundation
import Graph
import ModelIO
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Export

/// Bits, group size, symmetric.
struct CodeCase: CustomTestStringConvertible, Sendable {
  let bits: Int
  let groupSize: Int
  let isSymmetric: Bool
  var testDescription: String {
    "\(bits) bits, group \(groupSize), \(isSymmetric ? "symmetric" : "zero points")"
  }

  static let all = [2, 3, 4, 5, 8].flatMap { bits in
    [(8, true), (8, false), (0, true), (0, false)].map {
      CodeCase(bits: bits, groupSize: $0.0, isSymmetric: $0.1)
    }
  }

  /// Every layer of a node in such codes.
  func layer(_ linear: Linear, scaleType: ElementType = .bf16) throws -> Linear {
    let factor = try TestLayers.quantized(
      DenseProduct.weight(of: linear), bits: bits, groupSize: groupSize, isSymmetric: isSymmetric,
      scaleType: scaleType)
    return try TestLayers.replacing(linear, terms: [[factor]])
  }
}

/// Throws unless both models stand for the same matrices, bit for bit.
func expectSameWeights(_ left: Model, _ right: Model, location: SourceLocation = #_sourceLocation) throws {
  for node in left.nodes {
    let first = try DenseProduct.weight(of: left.linears[node.index])
    let second = try DenseProduct.weight(of: right.linears[node.index])
    #expect(SHA256.hex(of: first) == SHA256.hex(of: second), "\(node.name)", sourceLocation: location)
  }
}

/// The `quantization_config` of a folder.
func quantization(_ path: String) throws -> JSON {
  let data = try Data(contentsOf: URL(filePath: "\(path)/config.json"))
  return try #require(data.withUnsafeBytes { try JSON(parsing: $0) }["quantization_config"])
}

/// The text of the error that `body` throws.
func refusal<Value>(_ body: () throws -> Value, location: SourceLocation = #_sourceLocation) -> String {
  let error = #expect(throws: ExportError.self, sourceLocation: location) { _ = try body() }
  return error.map { "\($0)" } ?? ""
}

@Suite struct CompressedTensorsTests {
  @Test("exported and read back, every weight is the same number", arguments: CodeCase.all)
  func roundTrip(codes: CodeCase) throws {
    let bench = try ExportBench(.qwen2) { _, linear in try codes.layer(linear) }
    let out = try bench.export("compressed-tensors")
    let exported = try Checkpoint(directory: out).model
    try expectSameWeights(exported, bench.checkpoint().model)
    #expect(exported.linears.map(\.form) == (try bench.checkpoint().model.linears.map(\.form)))
  }

  @Test("factors in codes, beside dense ones and whole layers, come back as they were")
  func factored() throws {
    let bench = try ExportBench { node, linear in
      switch node.role {
      case .up, .gate:
        let factors = try TestLayers.factors(node, rank: 8)
        let packed = try factors.map {
          try TestLayers.quantized(
            $0.tensors[0], bits: 4, groupSize: 8, isSymmetric: false, scaleType: .bf16)
        }
        return try TestLayers.replacing(linear, terms: [node.block == 0 ? packed : [packed[0], factors[1]]])
      case .query, .key, .value:
        return try CodeCase(bits: 4, groupSize: 8, isSymmetric: false).layer(linear)
      default: return nil
      }
    }
    let out = try bench.export("compressed-tensors")
    try expectSameWeights(Checkpoint(directory: out).model, bench.checkpoint().model)
    #expect(bench.folder.names(in: "out").contains("modeling_lathe.py"))
    // Exported once more from there, the bytes are the same.
    let checkpoint = try Checkpoint(directory: out)
    let again = bench.folder.file("again")
    let run = ExportRun(
      format: try ExportFormats.named("compressed-tensors"), options: ExportOptions(), output: again)
    _ = try run.write(checkpoint.model, from: checkpoint, workers: .serial)
    #expect(bench.folder.contents(of: "again") == bench.folder.contents(of: "out"))
  }

  @Test("a row of zeros in 4 symmetric bits is stored as 0x88888888")
  func zeros() throws {
    let bench = try ExportBench { node, linear in
      let weight = Tensor(
        [node.outFeatures, node.inFeatures], Array(repeating: 0, count: node.outFeatures * node.inFeatures))
      return try CodeCase(bits: 4, groupSize: 8, isSymmetric: true)
        .layer(TestLayers.replacing(linear, terms: [[.dense(weight)]]))
    }
    let file = try SafetensorsFile(path: "\(bench.export("compressed-tensors"))/model.safetensors")
    let packed = try #require(file["model.layers.0.self_attn.q_proj.weight_packed"])
    #expect(packed.withElements(as: UInt32.self) { $0.allSatisfy { $0 == 0x8888_8888 } })
  }

  @Test("every packed module is matched by one group alone, and every dense one by ignore or by none")
  func targets() throws {
    let schemes = [
      CodeCase(bits: 4, groupSize: 8, isSymmetric: true), CodeCase(bits: 8, groupSize: 0, isSymmetric: false),
    ]
    for seed in UInt64(0)..<6 {
      let random = CounterRandom(seed: seed)
      func pick(_ node: Node) -> Int { Int(random.words(at: UInt64(node.index)).0 % 3) }
      let bench = try ExportBench { node, linear in
        node.index > 0 && pick(node) == 2 ? nil : try schemes[node.index > 0 ? pick(node) : 0].layer(linear)
      }
      let json = try quantization(bench.export("compressed-tensors"))
      let groups = try #require(json["config_groups"]?.objectValue)
      let ignored = json["ignore"]?.arrayValue?.compactMap(\.stringValue) ?? []
      for node in try bench.checkpoint().model.nodes {
        let isDense = node.index > 0 && pick(node) == 2
        let matching = try groups.filter { _, group in
          try (group["targets"]?.arrayValue ?? []).compactMap(\.stringValue).contains { target in
            guard target.hasPrefix("re:") else { return target == node.name || target == "Linear" }
            return try node.name.prefixMatch(of: Regex(String(target.dropFirst(3)))) != nil
          }
        }
        #expect(ignored.contains(node.name) == isDense, "\(node.name)")
        if isDense { continue }
        #expect(matching.count == 1, "\(node.name) is matched by \(matching.count) groups")
        #expect(
          matching.first?.value["weights"]?["num_bits"]?.intValue
            == schemes[node.index > 0 ? pick(node) : 0].bits)
      }
    }
  }

  @Test(
    "groups that do not divide the columns are refused before anything is written, one short group is a row")
  func ragged() throws {
    let ragged = try ExportBench { node, linear in
      node.role == .down ? try CodeCase(bits: 4, groupSize: 16, isSymmetric: true).layer(linear) : nil
    }
    let text = refusal { try ragged.export("compressed-tensors") }
    #expect(
      text.contains("model.layers.0.mlp.down_proj") && text.contains("40 columns") && text.contains("16"))
    #expect(ragged.leftovers == [])
    let short = try ExportBench { _, linear in
      try CodeCase(bits: 4, groupSize: 512, isSymmetric: true).layer(linear)
    }
    let out = try short.export("compressed-tensors")
    try expectSameWeights(Checkpoint(directory: out).model, short.checkpoint().model)
  }

  @Test("what cannot be held is refused by name: diagonal factors, and models without codes")
  func refusals() throws {
    #expect(
      refusal { try ExportBench().export("compressed-tensors") }.contains("none of its layers is in codes"))
    let diagonal = try ExportBench { node, linear in
      guard node.index == 2 else { return nil }
      let ones = try Tensor([node.inFeatures], Array(repeating: 1, count: node.inFeatures)).converted(
        to: .bf16)
      return try TestLayers.replacing(linear, terms: [[.diagonal(ones)] + linear.terms[0]])
    }
    let text = refusal { try diagonal.export("compressed-tensors") }
    #expect(text.contains("model.layers.0.self_attn.v_proj") && text.contains("diagonal"))
    #expect(diagonal.leftovers == [])
  }

  @Test("siblings that vLLM fuses and that are stored differently are warned of")
  func siblings() throws {
    func warnings(_ roles: Set<Role>) throws -> [String] {
      let bench = try ExportBench { node, linear in
        roles.contains(node.role) ? try CodeCase(bits: 4, groupSize: 0, isSymmetric: true).layer(linear) : nil
      }
      let run = ExportRun(
        format: try ExportFormats.named("compressed-tensors"), options: ExportOptions(),
        output: bench.folder.file("out"))
      let checkpoint = try bench.checkpoint()
      return try run.check(checkpoint, forms: checkpoint.model.linears.map(\.form))
    }
    #expect(try warnings([.query, .key, .value, .gate, .up]) == [])
    #expect(try warnings([.query, .key]).contains { $0.contains("v_proj") && $0.contains("fuses") })
    #expect(try warnings([.up]).contains { $0.contains("gate_proj") })
  }

  @Test("one byte a code comes back the same, and other codes are refused with what to do")
  func bytes() throws {
    let bench = try ExportBench(.qwen3) { node, linear in
      node.role == .query ? nil : try CodeCase(bits: 8, groupSize: 0, isSymmetric: true).layer(linear)
    }
    let out = try bench.export("int-quantized")
    try expectSameWeights(Checkpoint(directory: out).model, bench.checkpoint().model)
    #expect(try quantization(out)["config_groups"]?["group_0"]?["input_activations"]?["strategy"] == "token")
    for codes in [(4, 0, true), (8, 8, true), (8, 0, false)] {
      let other = try ExportBench { _, linear in
        try CodeCase(bits: codes.0, groupSize: codes.1, isSymmetric: codes.2).layer(linear)
      }
      #expect(refusal { try other.export("int-quantized") }.contains("group_size 0, symmetric true"))
      #expect(other.leftovers == [])
    }
  }
}
