import Graph

/// What is wrong with a model folder.
public enum CheckpointFault: Error, Equatable, CustomStringConvertible {
  case noFolder
  case noConfiguration
  /// No safetensors file; `found` names weights in another format.
  case noWeights(found: String?)
  case noIndex(shard: String)
  case badIndex(reason: String)
  case badShardName(String)
  case missingShard(String)
  case notInShard(tensor: String, shard: String)
  case inTwoShards(tensor: String, first: String, second: String)
  case missingTensor(String)
  case wrongShape(tensor: String, expected: [Int], found: [Int])
  case wrongRank(tensor: String, expected: Int, found: [Int])
  case wrongType(tensor: String, expected: String, found: String)
  case badLayout(linear: String, reason: String)
  case unknownLinear(String)
  case badLinear(String, GraphError)
  /// The head of a tied model is stored as well and is another matrix than the embedding.
  case headDiffers(head: String, embedding: String)
  case wrongFormCount(expected: Int, found: Int)

  public var description: String {
    switch self {
    case .noFolder: "is no folder; give the folder of a model"
    case .noConfiguration: "has no config.json; give the folder of a Hugging Face model"
    case .noWeights(let found?):
      "has its weights in \(found), which Lathe does not read; convert the model to safetensors"
    case .noWeights(nil): "has no model.safetensors; give the folder of a model in safetensors form"
    case .noIndex(let shard):
      "has the shard \(shard) but no model.safetensors.index.json; fetch the index as well"
    case .badIndex(let reason): "the index of the shards is not valid: \(reason); fetch it again"
    case .badShardName(let name):
      "the index names the shard \(name.debugDescription), which is no plain file name; fetch it again"
    case .missingShard(let shard):
      "the shard \(shard), which the index names, is missing; fetch the rest of the model"
    case .notInShard(let tensor, let shard):
      "tensor \"\(tensor)\" is not in \(shard), where the index puts it; fetch the model again"
    case .inTwoShards(let tensor, let first, let second):
      "tensor \"\(tensor)\" is in \(first) and in \(second); fetch the model again"
    case .missingTensor(let tensor):
      "tensor \"\(tensor)\" is missing; the folder is incomplete or config.json describes another model, "
        + "so fetch the model again"
    case .wrongShape(let tensor, let expected, let found):
      "tensor \"\(tensor)\" has shape \(found), but config.json asks for \(expected); "
        + "fetch weights and config.json of the same model"
    case .wrongRank(let tensor, let expected, let found):
      "tensor \"\(tensor)\" has shape \(found), but must have \(expected) "
        + "\(expected == 1 ? "dimension" : "dimensions"); compress the model again"
    case .wrongType(let tensor, let expected, let found):
      "tensor \"\(tensor)\" is stored as \(found), but should be \(expected); convert it"
    case .badLayout(let linear, let reason):
      "the layout of \"\(linear)\" in config.json is not valid: \(reason); compress the model again"
    case .unknownLinear(let name):
      "config.json lays out \"\(name)\", which is no linear layer of this model; compress the model again"
    case .badLinear(let name, let error):
      "the factors of \"\(name)\" do not fit: \(error); compress the model again"
    case .headDiffers(let head, let embedding):
      "config.json ties the head to the embedding, but \"\(head)\" differs from \"\(embedding)\"; "
        + "set \"tie_word_embeddings\" to false in config.json if the model has a head of its own, "
        + "else remove that tensor"
    case .wrongFormCount(let expected, let found):
      "\(found) forms were given for \(expected) linear layers; report this"
    }
  }
}
