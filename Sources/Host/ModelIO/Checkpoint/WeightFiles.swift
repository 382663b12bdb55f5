import Tensors

/// The safetensors files of a folder, one or several shards, as one collection of tensors.
struct WeightFiles {
  static let single = "model.safetensors"
  static let index = "model.safetensors.index.json"

  /// Names of the files in the folder, the index included.
  let fileNames: [String]
  private(set) var tensors: [String: Tensor] = [:]
  /// The mapped storages.
  private(set) var storages: [Storage] = []

  init(directory: String) throws(ModelIOError) {
    if FilePath.isFile("\(directory)/\(Self.single)") {
      fileNames = [Self.single]
      let file = try SafetensorsFile(path: "\(directory)/\(Self.single)")
      storages = [file.storage]
      for name in file.names { tensors[name] = file[name] }
      return
    }
    guard FilePath.isFile("\(directory)/\(Self.index)") else { throw Self.noWeights(in: directory) }
    let weightMap = try Self.weightMap(directory: directory)
    let shards = Set(weightMap.map(\.shard)).sorted()
    fileNames = shards + [Self.index]
    var shardOfTensor: [String: String] = [:]
    for shard in shards {
      guard FilePath.isFile("\(directory)/\(shard)") else {
        throw .checkpoint(path: directory, .missingShard(shard))
      }
      let file = try SafetensorsFile(path: "\(directory)/\(shard)")
      storages.append(file.storage)
      for name in file.names {
        if let first = shardOfTensor.updateValue(shard, forKey: name) {
          throw .checkpoint(path: directory, .inTwoShards(tensor: name, first: first, second: shard))
        }
        tensors[name] = file[name]
      }
    }
    for (tensor, shard) in weightMap where shardOfTensor[tensor] != shard {
      throw .checkpoint(path: directory, .notInShard(tensor: tensor, shard: shard))
    }
  }

  private static func weightMap(
    directory: String
  ) throws(ModelIOError) -> [(tensor: String, shard: String)] {
    let json = try JSON(contentsOfFile: "\(directory)/\(index)")
    guard let members = json["weight_map"]?.objectValue, !members.isEmpty else {
      throw .checkpoint(path: directory, .badIndex(reason: "it has no \"weight_map\""))
    }
    var result: [(String, String)] = []
    for (tensor, shard) in members {
      guard let shard = shard.stringValue else {
        throw .checkpoint(path: directory, .badIndex(reason: "\"\(tensor)\" has no file name"))
      }
      guard FilePath.isFileName(shard) else { throw .checkpoint(path: directory, .badShardName(shard)) }
      result.append((tensor, shard))
    }
    return result
  }

  /// What to say of a folder without weights that can be read.
  private static func noWeights(in directory: String) -> ModelIOError {
    let names = FilePath.names(inFolder: directory) ?? []
    if let shard = names.first(where: { $0.hasPrefix("model-") && $0.hasSuffix(".safetensors") }) {
      return .checkpoint(path: directory, .noIndex(shard: shard))
    }
    let other = names.first { name in
      [".bin", ".pt", ".pth", ".ckpt", ".gguf", ".h5", ".msgpack", ".onnx"].contains { name.hasSuffix($0) }
    }
    return .checkpoint(path: directory, .noWeights(found: other))
  }
}

extension JSON {
  /// Parses a file.
  public init(contentsOfFile path: String) throws(ModelIOError) {
    let storage: Storage
    do { storage = try MappedFile(path: path).storage } catch { throw .system(error) }
    do {
      self = try JSON(parsing: UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    } catch { throw .json(path: path, error) }
    withExtendedLifetime(storage) {}
  }
}
