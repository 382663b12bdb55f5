import Foundation
import Graph
import ModelIO
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Export

@Suite struct DenseFormatTests {
  @Test("a dense model exported is the same tensors", arguments: SyntheticFolder.Family.allCases)
  func identity(family: SyntheticFolder.Family) throws {
    let bench = try ExportBench(family)
    let exported = try Checkpoint(directory: bench.export("dense"))
    let source = try bench.checkpoint()
    #expect(exported.model.storedTensors.map(\.name) == source.model.storedTensors.map(\.name))
    for (left, right) in zip(exported.model.storedTensors, source.model.storedTensors) {
      #expect(SHA256.hex(of: left.tensor) == SHA256.hex(of: right.tensor), "\(left.name)")
    }
    let written = bench.folder.contents(of: "out")["tokenizer.json"]
    #expect(written == bench.folder.contents(of: "model")["tokenizer.json"])
  }

  @Test("codes in f32 are exactly the numbers they stand for")
  func dequantised() throws {
    let bench = try ExportBench { node, linear in
      try TestLayers.replacing(
        linear,
        terms: [
          [
            try TestLayers.quantized(
              DenseProduct.weight(of: linear), bits: 4, groupSize: 8, isSymmetric: false, scaleType: .bf16)
          ]
        ])
    }
    let out = try bench.export("dense", options: ExportOptions(type: "f32"))
    let exported = try Checkpoint(directory: out).model
    let source = try bench.checkpoint().model
    for node in source.nodes {
      let expected = try DenseProduct.weight(of: source.linears[node.index]).floats()
      #expect(try DenseProduct.weight(of: exported.linears[node.index]).floats() == expected, "\(node.name)")
      #expect(exported.linears[node.index].terms[0][0].tensors[0].elementType == .f32)
    }
  }

  @Test("a factored model is refused with the way out named, and multiplied out when asked")
  func factored() throws {
    let bench = try ExportBench { node, linear in
      guard node.role == .up else { return nil }
      return try TestLayers.replacing(linear, terms: [TestLayers.factors(node, rank: 3)])
    }
    let error = #expect(throws: ExportError.self) { try bench.export("dense") }
    #expect(
      "\(error.map { "\($0)" } ?? "")".contains(
        "model.layers.0.mlp.up_proj is stored as 40x3 BF16 times 3x24"))
    #expect("\(error.map { "\($0)" } ?? "")".contains("--remultiply"))
    #expect(bench.leftovers == [])
    let out = try bench.export("dense", options: ExportOptions(remultiplies: true))
    let exported = try Checkpoint(directory: out).model
    let source = try bench.checkpoint().model
    for node in source.nodes where node.role == .up {
      let expected = try DenseProduct.weight(of: source.linears[node.index]).converted(to: .bf16)
      #expect(
        SHA256.hex(of: exported.linears[node.index].terms[0][0].tensors[0]) == SHA256.hex(of: expected))
    }
  }

  @Test("one and four threads write the same bytes")
  func threads() throws {
    let bench = try ExportBench { node, linear in
      try TestLayers.replacing(linear, terms: [TestLayers.factors(node, rank: 5)])
    }
    let options = ExportOptions(type: "f16", remultiplies: true)
    try bench.export("dense", to: "one", options: options, threads: 1)
    try bench.export("dense", to: "four", options: options, threads: 4)
    #expect(bench.folder.contents(of: "one") == bench.folder.contents(of: "four"))
  }

  @Test("an export that is interrupted leaves nothing, and an earlier output as it was")
  func interrupted() throws {
    let bench = try ExportBench()
    #expect(throws: ExportError.self) { try bench.export("dense", isCancelled: { true }) }
    #expect(bench.leftovers == [])
    try bench.export("dense")
    let before = bench.folder.contents(of: "out")
    #expect(throws: ExportError.self) { try bench.export("dense") }
    #expect(throws: ExportError.self) {
      try bench.export("dense", options: ExportOptions(type: "f32"), replaces: true, isCancelled: { true })
    }
    #expect(bench.folder.contents(of: "out") == before)
    #expect(bench.leftovers == ["out"])
  }

  @Test("values that f16 cannot hold are refused by name, and nothing is written")
  func overflow() throws {
    let bench = try ExportBench(elementType: .f32) { node, linear in
      guard node.index == 3 else { return nil }
      let weight = RandomModel.normals([node.outFeatures, node.inFeatures], seed: 1, deviation: 1e5)
      return try TestLayers.replacing(linear, terms: [[.dense(weight)]])
    }
    let error = #expect(throws: ExportError.self) {
      try bench.export("dense", options: ExportOptions(type: "f16"))
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("model.layers.0.self_attn.o_proj.weight"))
    #expect(bench.leftovers == [])
  }
}
