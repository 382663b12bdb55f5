import Graph
import Tensors
import TestSupport
import Testing

@testable import Export

@Suite struct GGUFCodesTests {
  /// Exports a model whose layers are codes and compares the file's numbers with the layers', bit by bit.
  private func check(
    bits: Int, group: Int, isSymmetric: Bool, scales: ElementType = .bf16, as type: String?, gives: GGUFType,
    isExact: Bool = true
  ) throws {
    let bench = try GGUFBench(elementType: .bf16) { node, linear in
      guard node.block != nil, case .dense(let weight) = linear.terms[0][0] else { return nil }
      let codes = try TestLayers.quantized(
        weight, bits: bits, groupSize: group, isSymmetric: isSymmetric, scaleType: scales)
      return try TestLayers.replacing(linear, terms: [[codes]])
    }
    let (file, warnings) = try bench.export(type, embeddings: "f32")
    let model = try bench.checkpoint().model
    for node in model.nodes where node.block != nil {
      let name = GGUFArchitecture.tensorName(of: node) + ".weight"
      #expect(file.type(name) == gives)
      let count = node.outFeatures * node.inFeatures
      let factor = model.linears[node.index].terms[0][0]
      let ours = try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        if let start = buffer.baseAddress { try factor.copyFloats(to: start) }
        initialized = count
      }
      let order = try GGUFArchitecture(for: model).rowOrder(of: node.role, model.configuration)
      let moved = (0..<node.outFeatures).flatMap { row in
        let from = order?.source(of: row) ?? row
        return ours[from * node.inFeatures..<(from + 1) * node.inFeatures]
      }
      let theirs = try file.values(name)
      #expect((theirs.map(\.bitPattern) == moved.map(\.bitPattern)) == isExact, "\(name)")
    }
    #expect(warnings.contains { $0.contains("encoded anew") } == !isExact)
  }

  @Test("symmetric codes in groups of 32, 64 or rows go to Q4_0, Q5_0 and Q8_0 without loss")
  func symmetric() throws {
    try check(bits: 4, group: 32, isSymmetric: true, as: "q4_0", gives: .q4)
    try check(bits: 3, group: 64, isSymmetric: true, as: "q4_0", gives: .q4)
    try check(bits: 5, group: 0, isSymmetric: true, scales: .f16, as: nil, gives: .q5)
    try check(bits: 8, group: 32, isSymmetric: true, as: "q8_0", gives: .q8)
    try check(bits: 4, group: 32, isSymmetric: true, as: "q8_0", gives: .q8)
  }

  @Test("codes with zero points fit the next wider type without loss")
  func asymmetric() throws {
    try check(bits: 3, group: 32, isSymmetric: false, as: nil, gives: .q4)
    try check(bits: 4, group: 32, isSymmetric: false, as: nil, gives: .q5)
    try check(bits: 4, group: 32, isSymmetric: false, as: "q8_0", gives: .q8)
  }

  @Test("codes that the type cannot hold are encoded anew, and a warning says so")
  func reencoded() throws {
    try check(bits: 4, group: 32, isSymmetric: false, as: "q4_0", gives: .q4, isExact: false)
    try check(bits: 8, group: 32, isSymmetric: true, as: "q4_0", gives: .q4, isExact: false)
    try check(bits: 4, group: 32, isSymmetric: true, scales: .f32, as: "q4_0", gives: .q4, isExact: false)
    try check(bits: 4, group: 24, isSymmetric: true, as: "q8_0", gives: .q8, isExact: false)
  }

  @Test("codes that no type holds are refused where no type was asked for")
  func refused() throws {
    for (bits, group, isSymmetric) in [(4, 24, true), (8, 32, false)] {
      #expect(throws: ExportError.self) {
        try check(bits: bits, group: group, isSymmetric: isSymmetric, as: nil, gives: .q8)
      }
    }
  }
}
