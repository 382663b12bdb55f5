import Foundation

/// A new folder for one test, removed with the last reference.
public final class TestFolder: Sendable {
  public let path: String

  public init() {
    var template = Array("/tmp/lathe-tests-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` below the folder.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file and returns its path.
  @discardableResult
  public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    try Data(bytes).write(to: URL(filePath: file(name)))
    return file(name)
  }

  @discardableResult
  public func write(_ text: String, to name: String) throws -> String { try write(text.utf8, to: name) }

  /// Names in the folder or a folder below it, hidden ones too, sorted.
  public func names(in folder: String = "") -> [String] {
    let path = folder.isEmpty ? path : file(folder)
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// Every file of a folder by name, with its bytes.
  public func contents(of folder: String) -> [String: Data] {
    var result: [String: Data] = [:]
    for name in names(in: folder) {
      result[name] = FileManager.default.contents(atPath: file("\(folder)/\(name)"))
    }
    return result
  }

  /// Copies a file or folder into this one and returns the copy's path.
  @discardableResult
  public func copy(_ source: String, as name: String) throws -> String {
    try FileManager.default.copyItem(atPath: source, toPath: file(name))
    return file(name)
  }
}
