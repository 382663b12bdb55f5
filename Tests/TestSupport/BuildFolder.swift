import Foundation

/// What the build made beside the tests.
public enum BuildFolder {
  /// The folder with the executables and the shared libraries.
  public static let path: String = {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let candidates = [Bundle.main.bundleURL, URL(filePath: executable).deletingLastPathComponent()].flatMap {
      [$0, $0.deletingLastPathComponent()]
    }
    let fallback = Shared.packageRoot.appending(path: ".build/debug")
    return (candidates + [fallback]).map(\.path).first {
      FileManager.default.fileExists(atPath: "\($0)/lathe")
    }
      ?? fallback.path
  }()

  /// The command `lathe`.
  public static var lathe: String { "\(path)/lathe" }

  /// The shared library of an in-tree plugin.
  public static func plugin(_ name: String) -> String { "\(path)/lib\(name).so" }

  /// Every plugin's library, sorted.
  public static var plugins: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasPrefix("lib") && $0.hasSuffix(".so") }.sorted().map { "\(path)/\($0)" }
  }
}
