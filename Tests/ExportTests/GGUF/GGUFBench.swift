import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Tensors
import TestSupport

@testable import Export

/// A random model wide enough for blocks of 32, in a folder, and GGUF files of it.
struct GGUFBench {
  let folder = TestFolder()

  static func configuration(_ architecture: String = "llama", isTied: Bool = false) -> DecoderConfiguration {
    var result = RandomModel.configuration(
      blockCount: 2, hiddenSize: 64, vocabularySize: SyntheticFolder.vocabularySize, isTied: isTied)
    result.architecture = architecture
    (result.headDimension, result.rotary.dimensions, result.intermediateSize) = (16, 16, 96)
    result.hasQueryKeyNorm = architecture == "qwen3"
    if architecture == "qwen2" { result.biasedRoles = [.query, .key, .value] }
    return result
  }

  /// Writes the model; `settings` are put into its `config.json`, `change` replaces layers.
  init(
    _ configuration: DecoderConfiguration = configuration(), elementType: ElementType = .f32,
    settings: JSONObject = [:], tokenizer: JSON? = SyntheticFolder.tokenizer,
    change: (Node, Linear) throws -> Linear? = { _, _ in nil }
  ) throws {
    let model = try RandomModel.model(configuration, elementType: elementType)
    try FileManager.default.createDirectory(atPath: folder.file("plain"), withIntermediateDirectories: false)
    try SafetensorsWriter.write(
      Dictionary(model.storedTensors, uniquingKeysWith: { first, _ in first }),
      to: folder.file("plain/model.safetensors"))
    var members = SyntheticFolder.json(configuration).objectValue ?? [:]
    for (key, value) in settings { members[key] = value }
    try folder.write(JSON.object(members).text(), to: "plain/config.json")
    if let tokenizer { try folder.write(tokenizer.text(), to: "plain/tokenizer.json") }
    let checkpoint = try Checkpoint(directory: folder.file("plain"))
    var changed = checkpoint.model
    for node in changed.nodes {
      if let linear = try change(node, changed.linears[node.index]) {
        try changed.replace(node, with: linear)
      }
    }
    try FileManager.default.createDirectory(atPath: folder.file("model"), withIntermediateDirectories: false)
    _ = try CheckpointWriter(source: checkpoint).write(changed, into: folder.file("model"))
  }

  func checkpoint() throws -> Checkpoint { try Checkpoint(directory: folder.file("model")) }

  @discardableResult
  func export(
    _ type: String? = nil, embeddings: String? = nil, remultiplies: Bool = false, name: String = "out.gguf",
    threads: Int = 1
  ) throws -> (file: GGUFFile, warnings: [String]) {
    let options = ExportOptions(type: type, embeddingType: embeddings, remultiplies: remultiplies)
    let run = ExportRun(
      format: try ExportFormats.named("gguf"), options: options, output: folder.file(name),
      replacesOutput: true)
    let checkpoint = try checkpoint()
    let report = try run.write(checkpoint.model, from: checkpoint, workers: Workers(threads: threads))
    return (try GGUFFile(path: folder.file(name)), report.warnings)
  }
}

extension GGUFFile {
  func values(_ name: String) throws -> [Float] { try floats(of: name).floats() }

  func type(_ name: String) -> GGUFType? { tensors.first { $0.name == name }?.type }
}
