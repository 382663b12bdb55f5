import Foundation
import Graph
import Tensors
import TestSupport
import Testing

@testable import ModelIO

/// Reading what compressed-tensors wrote.
@Suite struct CompressedTensorsLayoutTests {
  private static let weights: JSON = [
    "num_bits": 4, "type": "int", "symmetric": true, "strategy": "group", "group_size": 8,
  ]

  private func layout(
    _ groups: [(targets: [String], weights: JSON)], ignore: [String] = [],
    change: (inout JSONObject) -> Void = { _ in }
  ) throws -> CompressedTensorsLayout {
    var members = JSONObject()
    for (number, group) in groups.enumerated() {
      members["group_\(number)"] = [
        "targets": .array(group.targets.map(JSON.string)), "weights": group.weights,
      ]
    }
    var json: JSONObject = [
      "quant_method": "compressed-tensors", "format": "pack-quantized", "quantization_status": "compressed",
      "config_groups": .object(members), "ignore": .array(ignore.map(JSON.string)),
    ]
    change(&json)
    return try CompressedTensorsLayout(.object(json), path: "config.json")
  }

  @Test("names stand above expressions' order and classes, and ignore above all")
  func targets() throws {
    let eight: JSON = ["num_bits": 8, "type": "int", "symmetric": false, "strategy": "channel"]
    let read = try layout(
      [(["Linear"], Self.weights), (["re:.*down_proj", "model.layers.1.mlp.up_proj"], eight)],
      ignore: ["lm_head", "re:.*layers\\.0\\..*down"])
    let four = CompressedTensorsLayout.Scheme(bits: 4, groupSize: 8, isSymmetric: true)
    let wide = CompressedTensorsLayout.Scheme(bits: 8, groupSize: 0, isSymmetric: false)
    #expect(read.scheme(of: "lm_head") == nil)
    #expect(read.scheme(of: "model.layers.0.mlp.down_proj") == nil)
    #expect(read.scheme(of: "model.layers.1.mlp.down_proj") == wide)
    #expect(read.scheme(of: "model.layers.1.mlp.up_proj") == wide)
    #expect(read.scheme(of: "model.layers.0.mlp.up_proj") == four)
  }

  @Test("what Lathe does not compute is refused with its reason")
  func refusals() throws {
    let cases: [(String, (inout JSONObject) -> Void)] = [
      ("not compressed", { $0["quantization_status"] = "frozen" }),
      ("kv_cache_scheme", { $0["kv_cache_scheme"] = ["num_bits": 8] }),
      ("transform_config", { $0["transform_config"] = ["config_groups": [:]] }),
      ("float-quantized", { $0["format"] = "float-quantized" }),
      ("config_groups", { $0["config_groups"] = [:] }),
      (
        "strategy \"block\"",
        {
          $0["config_groups"] = [
            "g": ["targets": ["Linear"], "weights": ["num_bits": 8, "strategy": "block"]]
          ]
        }
      ),
      (
        "integers",
        {
          $0["config_groups"] = ["g": ["targets": ["Linear"], "weights": ["num_bits": 8, "type": "float"]]]
        }
      ),
      ("2 to 8", { $0["config_groups"] = ["g": ["targets": ["Linear"], "weights": ["num_bits": 16]]] }),
      (
        "group_size",
        {
          $0["config_groups"] = [
            "g": ["targets": ["Linear"], "weights": ["num_bits": 4, "strategy": "group"]]
          ]
        }
      ),
      ("regular expression", { $0["config_groups"] = ["g": ["targets": ["re:("], "weights": .null]] }),
    ]
    for (part, change) in cases {
      let error = #expect(throws: ModelIOError.self) {
        try layout([(["Linear"], Self.weights)], change: change)
      }
      #expect(error?.description.contains(part) == true, "\(part): \(error.map { "\($0)" } ?? "")")
    }
  }

  /// A folder whose q_proj of block 0 has the tensors that `change` makes, quantised as one byte a code.
  private func read(_ weights: JSON, change: (inout [String: Tensor]) throws -> Void) throws -> Model {
    let folder = TestFolder()
    let path = try SyntheticFolder.write(into: folder, elementType: .f32, change: change)
    var json = try #require(JSON(contentsOfFile: "\(path)/config.json").objectValue)
    json["quantization_config"] = [
      "quant_method": "compressed-tensors", "format": "naive-quantized",
      "config_groups": ["g": ["targets": ["re:.*layers\\.0\\..*q_proj"], "weights": weights]],
    ]
    try folder.write(JSON.object(json).text(), to: "model/config.json")
    return try Checkpoint(directory: path).model
  }
  private let name = "model.layers.0.self_attn.q_proj"
  private let shape = [32, 24]
  private var bytes: [Int8] { (0..<32 * 24).map { Int8(truncatingIfNeeded: $0 * 37) } }

  private func tensor(_ values: [Int8], _ shape: [Int]) -> Tensor {
    Tensor(.i8, shape) { bytes in
      for (i, value) in values.enumerated() { bytes[i] = UInt8(bitPattern: value) }
    }
  }

  @Test("one byte a code is scale times code less zero, with a scale for the matrix or the row")
  func byteCodes() throws {
    let eight: JSON = ["num_bits": 8, "type": "int", "symmetric": false, "strategy": "channel"]
    let zeros = (0..<32).map { Int8($0 - 16) }
    let model = try read(eight) { tensors in
      tensors["\(name).weight"] = tensor(bytes, shape)
      tensors["\(name).weight_scale"] = Tensor([32, 1], (0..<32).map { Float($0 + 1) / 64 })
      tensors["\(name).weight_zero_point"] = tensor(zeros, [32, 1])
    }
    var found = [Float](repeating: 0, count: 32 * 24)
    try found.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { try model.linears[0].terms[0][0].copyFloats(to: base) }
    }
    let expected = bytes.enumerated().map { index, code in
      Float(index / 24 + 1) / 64 * Float(Int(code) - Int(zeros[index / 24]))
    }
    #expect(found == expected)
    let one: JSON = ["num_bits": 8, "type": "int", "symmetric": true, "strategy": "tensor"]
    let whole = try read(one) { tensors in
      tensors["\(name).weight"] = tensor(bytes, shape)
      tensors["\(name).weight_scale"] = Tensor([1], [0.5])
    }
    try found.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { try whole.linears[0].terms[0][0].copyFloats(to: base) }
    }
    #expect(found == bytes.map { 0.5 * Float($0) })
  }

  @Test("codes out of range, missing scales and columns in an order of their own are refused")
  func damaged() throws {
    let four: JSON = ["num_bits": 4, "type": "int", "symmetric": true, "strategy": "group", "group_size": 8]
    func error(_ change: (inout [String: Tensor]) throws -> Void) -> String {
      let error = #expect(throws: ModelIOError.self) { _ = try read(four, change: change) }
      return error?.description ?? ""
    }
    let scale = Tensor([32, 3], Array(repeating: 1, count: 96))
    #expect(
      error {
        $0["\(name).weight"] = tensor(bytes, shape); $0["\(name).weight_scale"] = scale
      }.contains("-8...7"))
    let small = bytes.map { $0 & 7 }
    #expect(error { $0["\(name).weight"] = tensor(small, shape) }.contains("weight_scale"))
    #expect(error { $0["\(name).weight_scale"] = scale }.contains("F32"))
    let order = Tensor(.i32, [24]) { bytes in
      for i in 0..<24 { bytes.storeBytes(of: Int32(2 - i / 8), toByteOffset: 4 * i, as: Int32.self) }
    }
    let text = error {
      $0["\(name).weight"] = tensor(small, shape)
      $0["\(name).weight_scale"] = scale
      $0["\(name).weight_g_idx"] = order
    }
    #expect(text.contains("actorder"))
  }
}
