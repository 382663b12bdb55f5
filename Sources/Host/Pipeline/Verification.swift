import Calibration
import Foundation
import Graph
import ModelIO

/// Recomputes every hash in a folder's provenance record.
public struct Verification: Sendable {
  /// One difference between the record and the folder.
  public struct Difference: Sendable {
    public let what: String
    public let reason: String
  }

  public let filesChecked: Int
  public let tensorsChecked: Int
  public let differences: [Difference]

  /// Checks `directory`. With `source`, also the hashes of the model it was made from.
  public init(
    directory: String, source: String? = nil, isCancelled: () -> Bool = { false }
  ) throws(PipelineError) {
    let record = try Self.record(of: directory)
    var differences: [Difference] = []
    var files = 0
    func check(_ list: JSON?, in folder: String) throws(PipelineError) {
      for file in list?.arrayValue ?? [] {
        if isCancelled() { throw .cancelled }
        guard let name = file["name"]?.stringValue, let expected = file["sha256"]?.stringValue,
          !name.contains("/"), name != ".."
        else {
          differences.append(Difference(what: ProvenanceRecord.fileName, reason: "a file entry is malformed"))
          continue
        }
        files += 1
        do {
          let found = try SHA256.hex(ofFile: "\(folder)/\(name)")
          if found != expected {
            differences.append(
              Difference(what: name, reason: "sha256 is \(found), the record says \(expected)"))
          }
        } catch {
          differences.append(Difference(what: name, reason: error.description))
        }
      }
    }
    try check(record["files"], in: directory)
    if let source { try check(record["source"]?["files"], in: source) }
    let expected = record["tensors"]?.objectValue ?? JSONObject()
    var tensors = 0
    do {
      let found = Dictionary(
        try Checkpoint(directory: directory).model.storedTensors, uniquingKeysWith: { first, _ in first })
      for (name, hash) in expected {
        if isCancelled() { throw PipelineError.cancelled }
        tensors += 1
        guard let tensor = found[name] else {
          differences.append(Difference(what: name, reason: "the tensor is missing"))
          continue
        }
        if .string(SHA256.hex(of: tensor)) != hash {
          differences.append(Difference(what: name, reason: "the tensor's bytes differ from the record"))
        }
        tensor.evict()
      }
      for name in found.keys.sorted() where expected[name] == nil {
        differences.append(Difference(what: name, reason: "the record does not know this tensor"))
      }
    } catch let error as ModelIOError {
      differences.append(Difference(what: directory, reason: error.description))
    } catch let error as PipelineError {
      throw error
    } catch {
      throw .unreadable(path: directory, reason: "\(error)")
    }
    filesChecked = files
    tensorsChecked = tensors
    self.differences = differences
  }

  /// The provenance record of a folder.
  public static func record(of directory: String) throws(PipelineError) -> JSON {
    let path = "\(directory)/\(ProvenanceRecord.fileName)"
    guard FileManager.default.fileExists(atPath: path) else { throw .notLathe(path: directory) }
    do {
      // Through a mapping, which only a regular file has.
      return try JSON(contentsOfFile: path)
    } catch {
      throw .model(error)
    }
  }
}
