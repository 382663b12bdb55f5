import Foundation

/// Plugins as they were built for ABI 1.0 when it was released (Tests/Golden/make_plugins.sh).
public enum ReleasedPlugins {
  private static let architecture: String = {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #else
      "other"
    #endif
  }()
  private static let folder = Shared.packageRoot.appending(path: "Tests/Golden/plugins-1.0/\(architecture)")
    .path

  /// Sorted; empty where none are kept for this processor.
  public static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
  public static func path(_ name: String) -> String { "\(folder)/\(name)" }
}
