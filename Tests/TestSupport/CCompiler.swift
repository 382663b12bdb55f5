import Foundation

/// Builds C files of the tests into shared libraries.
public enum CCompiler {
  /// A compiler on the search path, or nil.
  public static let path: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    for name in ["clang", "cc", "gcc"] {
      for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
        return "\(folder)/\(name)"
      }
    }
    return nil
  }()

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Compiles `Tests/BadPlugins/<name>.c` against `lathe.h` into `folder` and returns the library's path.
  public static func plugin(_ name: String, into folder: TestFolder, flags: [String] = []) throws -> String {
    guard let path else { throw Failure(description: "there is no C compiler") }
    let root = Shared.packageRoot.path
    let library = folder.file("\(name).so")
    let run = try ChildProcess.run(
      path,
      [
        "-std=c11", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-I",
        "\(root)/Sources/PluginAPI/Header/include", "-o", library,
      ] + flags + ["\(root)/Tests/BadPlugins/\(name).c"])
    guard run.status == 0 else { throw Failure(description: "\(name).c does not compile: \(run.errors)") }
    return library
  }
}
