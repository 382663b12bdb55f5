import Foundation
import TestSupport

/// An example of examples/plugins, built with its own Makefile or by cargo. plain-svd-swift is not here: a package in a
/// package takes minutes; scripts/examples.sh builds it.
enum ExamplePlugin: String, CaseIterable, Sendable {
  case minimalC = "minimal-c"
  case asvd = "asvd-c"
  case minimalCpp = "minimal-cpp"
  case fwsvd = "fwsvd-cpp"
  case minimalRust = "minimal-rust"
  case wanda = "wanda-rust"

  private var tool: String {
    switch self {
    case .minimalC, .asvd: "cc"
    case .minimalCpp, .fwsvd: "c++"
    case .minimalRust, .wanda: "cargo"
    }
  }

  /// Those whose compiler exists on this machine.
  static let available = allCases.filter { Toolchain.has($0.tool) }
  /// The methods among them that make factors under a budget.
  static let lowRank = [ExamplePlugin.asvd, .fwsvd].filter(available.contains)

  var strategy: String {
    switch self {
    case .minimalC, .minimalCpp, .minimalRust: "example.round-bits"
    case .asvd: "example.asvd"
    case .fwsvd: "example.fwsvd"
    case .wanda: "example.wanda"
    }
  }

  private var folder: String { "\(Shared.packageRoot.path)/examples/plugins/\(rawValue)" }

  /// The library; a warning of the compiler is an error.
  func library() throws -> String {
    try Self.built[self, default: .failure(.init(description: "\(self)"))].get()
  }

  /// Built once, one after another.
  private static let built: [ExamplePlugin: Result<String, Toolchain.Failure>] = Dictionary(
    uniqueKeysWithValues: available.map { example in
      (example, Result { () throws(Toolchain.Failure) in try Toolchain.build(example.folder) })
    })
}

/// The compilers of this machine.
enum Toolchain {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static func has(_ tool: String) -> Bool { path(tool) != nil }

  /// Builds the project in `folder` by its Makefile or Cargo.toml and returns its library. Warnings are failures.
  static func build(_ folder: String) throws(Failure) -> String {
    let files = FileManager.default
    let isRust = files.fileExists(atPath: "\(folder)/Cargo.toml")
    let (tool, arguments) =
      isRust
      ? ("cargo", ["build", "--release", "--offline", "--quiet"])
      : ("make", ["-B", "-s", "CC=cc -Werror", "CXX=c++ -Werror"])
    guard let program = path(tool) else { throw Failure(description: "there is no \(tool)") }
    let run: ChildProcess
    do { run = try ChildProcess.run(program, arguments, folder: folder) } catch {
      throw Failure(description: "\(error)")
    }
    let isQuiet = !run.errors.contains("warning") && !run.output.contains("warning")
    guard run.status == 0, isQuiet else {
      throw Failure(description: "\(folder) does not build: \(run.output)\(run.errors)")
    }
    let place = isRust ? "\(folder)/target/release" : folder
    let names = (try? files.contentsOfDirectory(atPath: place)) ?? []
    guard let name = names.first(where: { $0.hasSuffix(".so") }) else {
      throw Failure(description: "there is no library in \(place)")
    }
    return "\(place)/\(name)"
  }

  private static func path(_ tool: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":").map { "\($0)/\(tool)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
