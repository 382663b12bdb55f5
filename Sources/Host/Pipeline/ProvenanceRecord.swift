import Calibration
import Foundation
import LinearAlgebra
import ModelIO
import PluginHost

/// `lathe.json`: how a folder came to be, with the hash of everything that went in and came out.
///
/// It holds no time, path of a machine or thread count: the same inputs give the same bytes.
public struct ProvenanceRecord: Sendable {
  public static let fileName = "lathe.json"
  /// The version of this file's layout.
  public static let formatVersion = 1
  public let json: JSON

  init(
    _ report: CompressionReport, checkpoint: Checkpoint, chain: Chain, written: CheckpointRecord
  ) throws {
    var root = try Self.inputs(checkpoint, chain)
    if let object = report.json(includingSeconds: false).objectValue {
      for (key, value) in object { root[key] = value }
    }
    root["files"] = .array(
      written.files.map {
        ["name": .string($0.name), "bytes": .integer($0.byteCount), "sha256": .string($0.hash)]
      })
    var tensors = JSONObject()
    for (name, hash) in written.tensorHashes.sorted(by: { $0.key < $1.key }) { tensors[name] = .string(hash) }
    root["tensors"] = .object(tensors)
    json = .object(root)
  }

  /// All that decides the bytes of the result. Two runs with the same inputs are the same run.
  static func inputs(_ checkpoint: Checkpoint, _ chain: Chain) throws -> JSONObject {
    var root = JSONObject()
    root["lathe"] = .integer(formatVersion)
    root["version"] = .string(LatheVersion.current)
    root["blas_core"] = .string(BLASCore.running)
    root["recipe"] = chain.effectiveRecipe
    root["source"] = try source(checkpoint)
    root["plugins"] = plugins(chain)
    return root
  }

  /// Writes the record into `directory`.
  func write(into directory: String) throws(PipelineError) {
    let path = "\(directory)/\(Self.fileName)"
    do {
      try Data(json.text().utf8).write(to: URL(filePath: path))
    } catch {
      throw .storage(.cannotWrite(path: path, reason: SystemReason.text(of: error)))
    }
  }

  private static func source(_ checkpoint: Checkpoint) throws -> JSON {
    let files = try checkpoint.sourceFiles.map { name -> JSON in
      ["name": .string(name), "sha256": .string(try SHA256.hex(ofFile: "\(checkpoint.directory)/\(name)"))]
    }
    var object = JSONObject()
    object["folder"] = .string(URL(filePath: checkpoint.directory).standardizedFileURL.lastPathComponent)
    object["files"] = .array(files)
    // A folder that Lathe made keeps its history.
    let path = "\(checkpoint.directory)/\(fileName)"
    if let earlier = try? JSON(contentsOfFile: path) {
      object["made_by"] = [
        "sha256": .string(try SHA256.hex(ofFile: path)), "recipe": earlier["recipe"] ?? .null,
        "source": earlier["source"] ?? .null,
      ]
    }
    return .object(object)
  }

  private static func plugins(_ chain: Chain) -> JSON {
    .array(
      chain.stages.map { stage in
        [
          "strategy": .string(stage.info.id), "version": .string(stage.info.version),
          "file": .string(URL(filePath: stage.library.path).lastPathComponent),
          "abi": .string(stage.library.abi), "sha256": .string(stage.library.hash),
        ]
      })
  }
}

extension Chain {
  /// The recipe with every default filled in: what was run.
  var effectiveRecipe: JSON {
    var root = JSONObject()
    root["lathe"] = .integer(Recipe.formatVersion)
    root["seed"] = .integer(Int(recipe.seed))
    if let calibration = recipe.calibration {
      root["calibration"] = [
        "text": .array(calibration.paths.map { .string(URL(filePath: $0).lastPathComponent) }),
        "text_sha256": .array(calibration.paths.map { .string((try? SHA256.hex(ofFile: $0)) ?? "") }),
        "samples": .integer(calibration.samples), "context": calibration.context.map(JSON.integer) ?? .null,
      ]
    }
    root["stages"] = .array(
      stages.map { stage in
        var object = JSONObject()
        object["strategy"] = .string(stage.info.id)
        if let keep = stage.recipe.keep { object["keep"] = .number(keep) }
        if let hash = stage.recipe.pluginHash { object["plugin_sha256"] = .string(hash) }
        if let seed = stage.recipe.seed { object["seed"] = .integer(Int(seed)) }
        if !stage.recipe.selection.include.isEmpty {
          object["include"] = .array(stage.recipe.selection.include.map(JSON.string))
        }
        if !stage.recipe.selection.exclude.isEmpty {
          object["exclude"] = .array(stage.recipe.selection.exclude.map(JSON.string))
        }
        for (key, value) in stage.parameters.json(for: stage.info) { object[key] = value }
        if !stage.recipe.overrides.isEmpty {
          var overrides = JSONObject()
          for override in stage.recipe.overrides {
            overrides[override.pattern] = .object(override.parameters)
          }
          object["overrides"] = .object(overrides)
        }
        return .object(object)
      })
    if !recipe.outputs.isEmpty { root["outputs"] = .array(recipe.outputs.map(\.json)) }
    return .object(root)
  }
}
