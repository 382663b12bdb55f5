import Foundation
import ModelIO

/// Calibration text from files: `.jsonl` with a `text` string per line, or anything else as plain text.
public enum CalibrationText {
  /// The documents of all files joined by blank lines, as the papers join theirs (methods.md 1.5).
  public static func read(paths: [String]) throws(CalibrationError) -> String {
    var documents: [String] = []
    for path in paths {
      let data: Data
      do {
        data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
      } catch {
        throw .unreadable(path: path, reason: SystemReason.text(of: error))
      }
      guard let text = String(data: data, encoding: .utf8) else { throw .notUTF8(path: path) }
      if path.lowercased().hasSuffix(".jsonl") {
        documents += try lines(of: text, path: path)
      } else {
        documents.append(text)
      }
    }
    let joined = documents.joined(separator: "\n\n")
    guard joined.contains(where: { !$0.isWhitespace }) else { throw .empty(paths: paths) }
    return joined
  }

  private static func lines(of text: String, path: String) throws(CalibrationError) -> [String] {
    var documents: [String] = []
    var number = 0
    for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) else { continue }
      let object: JSON
      do { object = try JSON(parsing: String(Substring(line))) } catch {
        throw .badLine(path: path, line: number, reason: error.reason)
      }
      guard let document = object["text"]?.stringValue else {
        throw .badLine(path: path, line: number, reason: "there is no \"text\" string")
      }
      documents.append(document)
    }
    return documents
  }
}
