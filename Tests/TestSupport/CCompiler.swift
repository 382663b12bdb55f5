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

  /// Compiles a plugin of the zoo, `source`, into `library` and returns that.
  public static func zoo(_ source: String, into library: String, flags: [String] = []) throws -> String {
    guard let path else { throw Failure(description: "there is no C compiler") }
    let root = Shared.packageRoot.path
    let run = try ChildProcess.run(
      path,
      [
        "-std=c11", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-fvisibility=hidden",
        "-I",
        "\(root)/Sources/PluginAPI/Header/include", "-I", "\(root)/Tests/Zoo", "-o", library, source,
      ] + flags + ["-lm"])
    guard run.status == 0 else { throw Failure(description: "\(source) does not compile: \(run.errors)") }
    return library
  }
}
