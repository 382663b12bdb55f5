import Graph
import TestSupport
import Tensors
import Testing

@testable import ModelIO

@Suite struct CheckpointWriterTests {
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
      let source = try CompressedFixture.source(
        [("tie_word_embeddings", .bool(isTied)), ("attention_bias", true)], in: temporary)
      for model in [source.model, try CompressedFixture.compressed(source.model)] {
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
    let source = try CompressedFixture.source(in: temporary)
    let model = try CompressedFixture.compressed(source.model)
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
    let source = try CompressedFixture.source(in: temporary)
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

  @Test("a source that says null for the layout keeps saying so")
  func nullLayout() throws {
    let temporary = TemporaryFolder()
    let source = try CompressedFixture.source([("quantization_config", .null)], in: temporary)
    let folder = temporary.folder("copy")
    _ = try CheckpointWriter(source: source).write(source.model, into: folder)
    #expect(try Checkpoint(directory: folder).configuration == source.configuration)
  }

  @Test("a cancelled write throws, and a folder that is not committed leaves the one that was there")
  func cancelled() throws {
    let temporary = TemporaryFolder()
    let source = try CompressedFixture.source(in: temporary)
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
