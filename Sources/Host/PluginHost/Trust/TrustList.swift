import Foundation
import Glibc
import ModelIO

/// The plugins a user has allowed, by the hash of their files: `trusted-plugins.json`.
public struct TrustList: Sendable, Equatable {
  /// A library that may be loaded.
  public struct Entry: Sendable, Equatable {
    /// SHA-256 as 64 lowercase hexadecimal digits.
    public var hash: String
    /// The file's name when it was added, for people.
    public var name: String
  }

  public private(set) var entries: [Entry]
  public let path: String
  /// The version of the file's layout.
  static let formatVersion = 1

  /// Reads the list at `path`; nil where there is none. A list that others may write to is refused.
  public init?(path: String) throws(PluginHostError) {
    guard let data = try Self.contents(of: path) else { return nil }
    let json: JSON
    do {
      json = try data.withUnsafeBytes { try JSON(parsing: $0) }
    } catch { throw .trustList(path: path, reason: "it cannot be read (\(error))") }
    guard json["lathe"]?.intValue == Self.formatVersion, let list = json["plugins"]?.arrayValue else {
      throw .trustList(path: path, reason: "it is no list of plugins that this Lathe can read")
    }
    var entries: [Entry] = []
    for item in list {
      guard let hash = item["sha256"]?.stringValue, Self.isHash(hash), let name = item["file"]?.stringValue
      else {
        throw .trustList(path: path, reason: "an entry has no file or no sha256 of 64 lowercase digits")
      }
      entries.append(Entry(hash: hash, name: name))
    }
    self.entries = entries
    self.path = path
  }

  /// An empty list, to be written to `path`.
  public init(emptyAt path: String) {
    entries = []
    self.path = path
  }

  /// Where the user's list lies. Under elevated privileges no variable of the environment is asked.
  public static func standardPath(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    isPrivileged: Bool = Privileges.areElevated
  ) -> String {
    var folder: String?
    if !isPrivileged {
      // XDG: a relative path there is to be ignored.
      folder = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
      folder = folder ?? environment["HOME"].flatMap { $0.isEmpty ? nil : "\($0)/.config" }
    }
    return "\(folder ?? "\(Privileges.home)/.config")/lathe/trusted-plugins.json"
  }

  /// Whether `text` is a SHA-256 as this host writes it.
  public static func isHash(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }

  public func contains(_ hash: String) -> Bool { entries.contains { $0.hash == hash } }

  /// Adds a library; one that is there keeps its place and takes the new name.
  public mutating func add(_ entry: Entry) {
    if let index = entries.firstIndex(where: { $0.hash == entry.hash }) {
      entries[index] = entry
    } else {
      entries.append(entry)
    }
  }

  /// Removes a hash; false where it was not there.
  public mutating func remove(_ hash: String) -> Bool {
    let before = entries.count
    entries.removeAll { $0.hash == hash }
    return entries.count < before
  }

  /// Writes the list as a whole or not at all. Where a link stands at its path, the link stays.
  public func write() throws(PluginHostError) {
    let json: JSON = [
      "lathe": .integer(Self.formatVersion),
      "plugins": .array(entries.map { ["file": .string($0.name), "sha256": .string($0.hash)] }),
    ]
    let file = URL(filePath: try Self.target(of: path))
    do {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data((json.text() + "\n").utf8).write(to: file, options: .atomic)
    } catch { throw .trustList(path: path, reason: "it cannot be written (\(error.localizedDescription))") }
  }

  /// The hash of the library at `path`, and its name.
  public static func entry(of path: String) throws(PluginHostError) -> Entry {
    Entry(hash: try PluginFile(path).hash, name: URL(filePath: path).lastPathComponent)
  }
}
