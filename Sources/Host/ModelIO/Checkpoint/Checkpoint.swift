import Graph
import Tensors

/// A Hugging Face folder, opened: its configuration, and its weights as a `Model` whose tensors stay in the file.
public struct Checkpoint: Sendable {
  public let directory: String
  /// `config.json` as it is, order kept.
  public let configuration: JSON
  public let model: Model
  /// Names of all files in the folder that belong to the model: `config.json`, the weights (with the index of the
  /// shards), and those that are copied beside a new one.
  public let sourceFiles: [String]
  /// Names of the files among them that are copied byte for byte: tokenizer, chat template, licence.
  public let companionFiles: [String]
  /// Tensors that are not part of the model: a head beside tied embeddings.
  public let ignoredTensors: [String]
  private let storages: [Storage]

  public init(directory: String) throws(ModelIOError) {
    guard FilePath.isFolder(directory) else { throw .checkpoint(path: directory, .noFolder) }
    let path = "\(directory)/config.json"
    guard FilePath.isFile(path) else { throw .checkpoint(path: directory, .noConfiguration) }
    let json = try JSON(contentsOfFile: path)
    let configuration = try ModelConfiguration.parse(json, path: path)
    let layout = try FactorLayout(json, path: path, directory: directory)
    let weights = try WeightFiles(directory: directory)
    var builder = ModelBuilder(
      directory: directory, configuration: configuration, layout: layout, tensors: weights.tensors)
    model = try builder.build()
    ignoredTensors = builder.ignored
    companionFiles = (FilePath.names(inFolder: directory) ?? []).filter {
      Self.isCompanion($0) && FilePath.isFile("\(directory)/\($0)")
    }
    sourceFiles = ["config.json"] + weights.fileNames + companionFiles
    storages = weights.storages
    self.directory = directory
    self.configuration = json
  }

  /// The path of `tokenizer.json`, if the folder has one.
  public var tokenizerPath: String? {
    companionFiles.contains("tokenizer.json") ? "\(directory)/tokenizer.json" : nil
  }

  /// Whether `tensor` is a view of this folder's files: its pages may be evicted at any time.
  public func maps(_ tensor: Tensor) -> Bool { storages.contains { $0 === tensor.storage } }

  /// Whether a file of this name goes along with a model.
  static func isCompanion(_ name: String) -> Bool {
    let names: Set = [
      "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json",
      "added_tokens.json", "generation_config.json", "vocab.json", "merges.txt",
    ]
    return names.contains(name) || name.hasPrefix("chat_template") || name.hasPrefix("LICENSE")
  }
}
