import Glibc
import ModelIO

/// The tokens at which a model's texts end: `eos_token_id` of `config.json` and `generation_config.json`.
public enum EndTokens {
  public static func read(_ checkpoint: Checkpoint) throws -> Set<Int32> {
    let name = "generation_config.json"
    var files = [(path: "\(checkpoint.directory)/config.json", json: checkpoint.configuration)]
    if checkpoint.companionFiles.contains(name) {
      let path = "\(checkpoint.directory)/\(name)"
      files.append((path, try JSON(contentsOfFile: path)))
    }
    var result: Set<Int32> = []
    for (path, json) in files { result.formUnion(try ids(json["eos_token_id"], path: path)) }
    return result
  }

  private static func ids(_ value: JSON?, path: String) throws(GenerationError) -> [Int32] {
    guard let value, !value.isNull else { return [] }
    var ids: [Int32] = []
    for element in value.arrayValue ?? [value] {
      guard let id = element.intValue.flatMap({ Int32(exactly: $0) }) else {
        throw .endTokens(path: path, found: value.text(indent: nil))
      }
      ids.append(id)
    }
    return ids
  }
}
