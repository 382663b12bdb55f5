import Foundation

/// What an export wrote.
public struct ExportReport: Sendable {
  public struct File: Sendable, Equatable {
    /// Below the output; the file's own name where the output is one file.
    public let name: String
    public let byteCount: Int
  }

  public let format: String
  public let output: String
  public let warnings: [String]
  /// Sorted by name.
  public let files: [File]

  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  init(format: String, output: String, warnings: [String]) {
    self.format = format
    self.output = output
    self.warnings = warnings
    let manager = FileManager.default
    func size(_ path: String) -> Int {
      ((try? manager.attributesOfItem(atPath: path))?[.size] as? NSNumber)?.intValue ?? 0
    }
    func isFolder(_ path: String) -> Bool {
      var isFolder: ObjCBool = false
      return manager.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
    if isFolder(output) {
      let names = (manager.enumerator(atPath: output)?.compactMap { $0 as? String } ?? []).sorted()
      files = names.filter { !isFolder("\(output)/\($0)") }.map {
        File(name: $0, byteCount: size("\(output)/\($0)"))
      }
    } else {
      files = [File(name: URL(filePath: output).lastPathComponent, byteCount: size(output))]
    }
  }
}
