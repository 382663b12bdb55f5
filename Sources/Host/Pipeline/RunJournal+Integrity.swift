import Foundation
import ModelIO

/// What was filed is used only where it still is what was written: a journal outlives crashes and power cuts.
extension RunJournal {
  /// `json` with the SHA-256 of its text.
  static func sealed(_ json: JSON) -> JSON { ["sha256": .string(seal(of: json)), "stage": json] }

  /// What is in a sealed record.
  func unsealed(_ record: String) throws -> JSON {
    let json = try Self.read(record)
    guard let stage = json["stage"], let expected = json["sha256"]?.stringValue else {
      throw PipelineError.journal(path: record, reason: "it is not the report of a stage")
    }
    let found = Self.seal(of: stage)
    guard found == expected else { throw damage(record, record: record, found: found, expected: expected) }
    return stage
  }

  /// Throws unless the model of a finished stage has the files it was written with and no others.
  func checkFiles(of stage: Int, _ hashes: [String: String], isCancelled: () -> Bool) throws {
    let folder = modelPath(stage)
    let record = recordPath(stage)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    if let other = names.sorted().first(where: { hashes[$0] == nil }) {
      throw PipelineError.damagedJournal(
        record: record, reason: "\(folder)/\(other) is none of the files that were written")
    }
    for (name, expected) in hashes.sorted(by: { $0.key < $1.key }) {
      if isCancelled() { throw PipelineError.cancelled }
      let file = "\(folder)/\(name)"
      let found: String
      do throws(ModelIOError) { found = try SHA256.hex(ofFile: file) } catch {
        throw PipelineError.damagedJournal(record: record, reason: error.description)
      }
      guard found == expected else { throw damage(file, record: record, found: found, expected: expected) }
    }
  }

  private func damage(_ file: String, record: String, found: String, expected: String) -> PipelineError {
    .damagedJournal(record: record, reason: "\(file) has the sha256 \(found), expected was \(expected)")
  }

  private static func seal(of json: JSON) -> String {
    Array(json.text().utf8).withUnsafeBytes { SHA256.hex(of: $0) }
  }
}
