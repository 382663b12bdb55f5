import Foundation

/// Files that lie beside the checkout in `../shared`. Tests that use them are skipped where it is absent.
public enum Shared {
  /// The checkout's own root folder.
  public static let packageRoot = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// `../shared` beside the checkout.
  public static let root = packageRoot.deletingLastPathComponent().appending(path: "shared")

  /// Whether `path` below the shared folder is there.
  public static func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  /// The absolute path of a shared file.
  public static func path(_ path: String) -> String { root.appending(path: path).path }
}
