import Graph
import TestSupport
import Tensors
import Testing

@testable import ModelIO

@Suite struct CheckpointWriterTests {
  /// Layers 0 to 3 as two factors, quantised, quantised with a low-rank correction, and with a diagonal.
  private func compressed(_ model: Model) throws -> Model {
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

  private func open(_ changes: [(String, JSON?)] = [], in temporary: TemporaryFolder) throws -> Checkpoint {
    let folder = try CheckpointFixture(changes).write(temporary, "source")
    temporary.write("{\"kept\": \"byte for byte\" }\n\n", to: "source/tokenizer.json")
    temporary.write("template", to: "source/chat_template.jinja")
    temporary.write("terms", to: "source/LICENSE.txt")
    temporary.write("not copied", to: "source/README.md")
    return try Checkpoint(directory: folder)
  }

  private func sameTensors(_ left: Model, _ right: Model) -> Bool {
    let (left, right) = (left.storedTensors, right.storedTensors)
    return left.map(\.name) == right.map(\.name)
      && zip(left, right).allSatisfy { pair in
        pair.0.tensor.elementType == pair.1.tensor.elementType && pair.0.tensor.shape == pair.1.tensor.shape
          && bytes(of: pair.0.tensor) == bytes(of: pair.1.tensor)
      }
  }

  @Test(
    "factored and quantised layers come back as they were, from one file or from shards, in the size forecast"
  )
  func roundTrip() throws {
    let temporary = TemporaryFolder()
    for isTied in [false, true] {
      let source = try open(
        [("tie_word_embeddings", .bool(isTied)), ("attention_bias", true)], in: temporary)
      for model in [source.model, try compressed(source.model)] {
        for limit in [Int.max, 1000, 1] {
          let writer = CheckpointWriter(source: source, maximumShardBytes: limit)
          let folder = temporary.folder("copy")
          let record = try writer.write(model, into: folder)
          let copy = try Checkpoint(directory: folder)
          #expect(sameTensors(copy.model, model))
          #expect(copy.model.linears.map(\.form) == model.linears.map(\.form))
          #expect(copy.model.configuration == model.configuration)
          let forecast = try writer.forecast(model.linears.map(\.form))
          #expect(forecast.files.map(\.name) == record.files.map(\.name))
          #expect(forecast.files.map(\.byteCount) == record.files.map(\.byteCount))
          #expect(FilePath.names(inFolder: folder) == record.files.map(\.name).sorted())
          for file in record.files {
            #expect(bytes(ofFile: "\(folder)/\(file.name)").count == file.byteCount)
            #expect(try SHA256.hex(ofFile: "\(folder)/\(file.name)") == file.hash)
          }
          for (name, tensor) in model.storedTensors {
            #expect(record.tensorHashes[name] == SHA256.hex(of: tensor))
          }
          #expect(Set(copy.sourceFiles) == Set(record.files.map(\.name)))
          FilePath.remove(folder)
        }
      }
    }
  }

  @Test("config.json keeps its order and values; only the layout comes and goes")
  func configuration() throws {
    let temporary = TemporaryFolder()
    let source = try open(in: temporary)
    let model = try compressed(source.model)
    let first = temporary.folder("first")
    _ = try CheckpointWriter(source: source).write(model, into: first)
    let compressed = try Checkpoint(directory: first)
    let keys = try #require(source.configuration.objectValue).keys
    #expect(compressed.configuration.objectValue?.keys == keys + ["quantization_config"])
    for key in keys { #expect(compressed.configuration[key] == source.configuration[key]) }
    let layout = compressed.configuration["quantization_config"]
    #expect(layout?["format"] == "lathe" && layout?["quant_method"] == nil && layout?["version"] == 1)
    let expected: JSON = [
      [["storage": "quantized", "bits": 4, "group_size": 0, "symmetric": true]],
      [["storage": "dense"], ["storage": "dense"]],
      [["storage": "codebook", "bits": 4, "group_size": 3]],
    ]
    #expect(layout?["linears"]?["model.layers.0.self_attn.v_proj"] == expected)
    #expect(layout?["linears"]?.objectValue?.count == 4)
    let second = temporary.folder("second")
    _ = try CheckpointWriter(source: compressed).write(source.model, into: second)
    #expect(try Checkpoint(directory: second).configuration == source.configuration)
    #expect(bytes(ofFile: "\(second)/tokenizer.json") == bytes(ofFile: "\(source.directory)/tokenizer.json"))
  }

  @Test("biases are announced where every layer that a key speaks of has one, and read back either way")
  func addedBiases() throws {
    let temporary = TemporaryFolder()
    let source = try open(in: temporary)
    let hasKey = source.configuration["mlp_bias"] == .bool(true)
    try #require(!hasKey && source.model.configuration.architecture == "llama")
    let mlp = source.model.nodes.filter { [.gate, .up, .down].contains($0.role) }
    for (count, expected) in [(mlp.count - 1, false), (mlp.count, true)] {
      var model = source.model
      for node in mlp.prefix(count) {
        let old = model.linears[node.index]
        try model.replace(
          node,
          with: Linear(
            outFeatures: node.outFeatures, inFeatures: node.inFeatures, terms: old.terms,
            bias: randomTensor(.f32, [node.outFeatures], seed: 4)))
      }
      let folder = temporary.folder("biased \(count)")
      _ = try CheckpointWriter(source: source).write(model, into: folder)
      let again = try Checkpoint(directory: folder)
      #expect((again.configuration["mlp_bias"] == .bool(true)) == expected)
      #expect(again.model.linears.map { $0.bias != nil } == model.linears.map { $0.bias != nil })
    }
  }

  @Test("factors that do not fit their layout are refused")
  func badFactors() throws {
    let temporary = TemporaryFolder()
    let source = try open(in: temporary)
    let folder = temporary.folder("bad")
    _ = try CheckpointWriter(source: source).write(try compressed(source.model), into: folder)
    let file = try SafetensorsFile(path: "\(folder)/model.safetensors")
    let whole = Dictionary(uniqueKeysWithValues: file.names.map { ($0, file[$0]) })
    let key = "model.layers.0.self_attn.k_proj"
    let extents = { (rows: Int64, columns: Int64) in
      Tensor(.i64, [2]) { $0.copyBytes(from: [rows, columns].withUnsafeBytes { Array($0) }) }
    }
    let changes: [(String, Tensor?)] = [
      ("\(key).weight_shape", extents(4, 9)), ("\(key).weight_shape", extents(-4, 8)),
      ("\(key).weight_shape", extents(.max, .max)), ("\(key).weight_shape", extents(1 << 28, 1 << 28)),
      ("\(key).weight_shape", try randomTensor(.i64, [3], seed: 1)),
      ("\(key).weight_zero_point", nil), ("\(key).weight_packed", nil),
      ("\(key).weight_packed", try randomTensor(.u32, [4, 1], seed: 1)),
      ("\(key).weight_scale", try randomTensor(.f16, [4], seed: 1)),
      ("\(key).weight_scale", try randomTensor(.i16, [4, 3], seed: 1)),
      ("model.layers.0.self_attn.q_proj.0.1.weight", try randomTensor(.f32, [8, 4], seed: 1)),
      ("model.layers.0.self_attn.q_proj.0.0.weight", try randomTensor(.f32, [8], seed: 1)),
      ("model.layers.0.self_attn.o_proj.0.0.diagonal", try randomTensor(.f32, [9], seed: 1)),
    ]
    for (name, tensor) in changes {
      var tensors = whole.compactMapValues { $0 }
      tensors[name] = tensor
      try SafetensorsWriter.write(tensors, to: "\(folder)/model.safetensors")
      let error = failure { () throws(ModelIOError) in try Checkpoint(directory: folder) }
      guard case .checkpoint(folder, _) = error else {
        Issue.record("\(name) was accepted: \(String(describing: error))")
        continue
      }
    }
  }

  @Test("layouts that are no layouts are refused by the name of the layer")
  func badLayouts() throws {
    let temporary = TemporaryFolder()
    let name = "model.layers.0.self_attn.q_proj"
    func refusal(_ name: String, _ layout: JSON) throws -> ModelIOError? {
      var fixture = try CheckpointFixture()
      fixture.set(
        "quantization_config",
        ["format": "lathe", "version": 1, "linears": .object(JSONObject([(name, layout)]))])
      let path = try fixture.write(temporary, "model")
      let error = failure { () throws(ModelIOError) in try Checkpoint(directory: path) }
      FilePath.remove(path)
      return error
    }
    let layouts: [JSON] = [
      nil, 1, [], [[]], [1], [[1]], [[["storage": "sparse"]]], [[["storage": "quantized"]]],
      [[["storage": "quantized", "bits": 9, "group_size": 1, "symmetric": true]]],
      [[["storage": "quantized", "bits": 4, "group_size": -1, "symmetric": true]]],
      [[["storage": "quantized", "bits": 4, "group_size": 1, "symmetric": 1]]],
    ]
    for layout in layouts {
      guard case .checkpoint(_, .badLayout(name, _)) = try refusal(name, layout) else {
        Issue.record("\(layout) was accepted")
        continue
      }
    }
    #expect(try refusal(name, [[["storage": "dense"]]]) == nil)
    let unknown = try refusal("lm_tail", [[["storage": "dense"]]])
    #expect(unknown == .checkpoint(path: temporary.file("model"), .unknownLinear("lm_tail")))
  }

  @Test("a source that says null for the layout keeps saying so")
  func nullLayout() throws {
    let temporary = TemporaryFolder()
    let source = try open([("quantization_config", .null)], in: temporary)
    let folder = temporary.folder("copy")
    _ = try CheckpointWriter(source: source).write(source.model, into: folder)
    #expect(try Checkpoint(directory: folder).configuration == source.configuration)
  }

  @Test("a cancelled write throws, and a folder that is not committed leaves the one that was there")
  func cancelled() throws {
    let temporary = TemporaryFolder()
    let source = try open(in: temporary)
    let path = temporary.folder("out")
    temporary.write("old", to: "out/old.txt")
    var asked = 0
    let error = failure { () throws(ModelIOError) in
      let folder = try AtomicFolder(path, replaceExisting: true)
      let isCancelled = {
        asked += 1
        return asked > 5
      }
      _ = try CheckpointWriter(source: source).write(
        source.model, into: folder.path, isCancelled: isCancelled)
      try folder.commit()
    }
    #expect(error == .cancelled)
    #expect(FilePath.names(inFolder: path) == ["old.txt"])
    #expect(FilePath.names(inFolder: temporary.path) == ["out", "source"])
  }

  @Test("shards that are missing, wrong or elsewhere are refused")
  func badShards() throws {
    let temporary = TemporaryFolder()
    let source = try open(in: temporary)
    let folder = temporary.folder("shards")
    _ = try CheckpointWriter(source: source, maximumShardBytes: 1500).write(source.model, into: folder)
    func refusal() -> ModelIOError? {
      failure { () throws(ModelIOError) in try Checkpoint(directory: folder) }
    }
    #expect(refusal() == nil)
    let index = "shards/model.safetensors.index.json"
    let good = bytes(ofFile: temporary.file(index))
    let json = try JSON(contentsOfFile: temporary.file(index))
    func rewrite(_ shard: JSON) {
      var members = json["weight_map"]?.objectValue ?? JSONObject()
      members["lm_head.weight"] = shard
      temporary.write(JSON.object(["weight_map": .object(members)]).text(), to: index)
    }
    rewrite("../model.safetensors")
    #expect(refusal() == .checkpoint(path: folder, .badShardName("../model.safetensors")))
    rewrite("model-00002-of-00002.safetensors")
    #expect(
      refusal()
        == .checkpoint(
          path: folder, .notInShard(tensor: "lm_head.weight", shard: "model-00002-of-00002.safetensors")))
    rewrite("other.safetensors")
    #expect(refusal() == .checkpoint(path: folder, .missingShard("other.safetensors")))
    temporary.write("{}", to: index)
    #expect(refusal() == .checkpoint(path: folder, .badIndex(reason: "it has no \"weight_map\"")))
    temporary.write(good, to: index)
    temporary.write(
      bytes(ofFile: "\(folder)/model-00001-of-00002.safetensors"),
      to: "shards/model-00002-of-00002.safetensors")
    guard case .checkpoint(folder, .inTwoShards) = refusal() else {
      Issue.record("a tensor in two shards was accepted")
      return
    }
  }

  @Test("a model from elsewhere is written back bit for bit", .enabled(if: Shared.has("models/books-5m")))
  func shared() throws {
    let temporary = TemporaryFolder()
    let source = try Checkpoint(directory: Shared.path("models/books-5m"))
    let writer = CheckpointWriter(source: source)
    let record = try writer.write(source.model, into: temporary.path)
    #expect(sameTensors(try Checkpoint(directory: temporary.path).model, source.model))
    #expect(try writer.forecast(source.model.linears.map(\.form)).byteCount == record.byteCount)
  }
}
