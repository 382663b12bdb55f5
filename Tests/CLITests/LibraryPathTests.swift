import Foundation
import ModelIO
import TestSupport
import Testing

/// A library is the file that was named, and never one that the loader finds under the same name.
@Suite(.enabled(if: CCompiler.path != nil)) struct LibraryPathTests {
  private let bench: CommandBench

  /// `x.so` in the working folder, and one that is no plugin where the loader looks.
  init() throws {
    bench = try CommandBench(recipe: "{ strategy: 'test-plugin' }")
    let plugin = try CCompiler.plugin("keeps_every_rule", into: bench.folder)
    try bench.folder.copy(plugin, as: "x.so")
    try FileManager.default.createDirectory(
      atPath: bench.folder.file("decoy"), withIntermediateDirectories: false)
    try bench.folder.copy(CCompiler.plugin("no_entry", into: bench.folder), as: "decoy/x.so")
  }

  private func lathe(_ line: String) throws -> ChildProcess {
    try bench.lathe(
      line,
      environment: [
        "LD_LIBRARY_PATH": bench.folder.file("decoy"), "XDG_CONFIG_HOME": bench.folder.file("config"),
      ])
  }

  @Test(
    "validate checks --set of a library without a slash in its name as of any other",
    arguments: ["x.so", "./x.so"])
  func validate(path: String) throws {
    let line = "plugins validate \(path) --only loads-with-all-symbols --set"
    #expect(try lathe("\(line) amount=4").status == 0)
    for setting in ["amount=99", "amuont=4"] {
      let run = try lathe("\(line) \(setting)")
      #expect(run.status == 2 && run.complaints.count == 1, "\(run.output)\(run.errors)")
      #expect(run.errors.contains("amount"), "\(run.errors)")
    }
  }

  @Test("every command loads the file in the working folder, in this process and in a worker")
  func others() throws {
    let hash = try SHA256.hex(ofFile: bench.folder.file("x.so"))
    #expect(try lathe("plugins info test-plugin --plugin x.so").output.contains(hash))
    #expect(try lathe("plugins trust add x.so").output.contains(hash))
    for options in ["", "--isolate", "--trusted-only"] {
      let run = try lathe(
        "compress --model model --recipe r.json5 --output out --force --plugin x.so \(options)")
      #expect(run.status == 0, "\(run.errors)")
    }
    let elsewhere = try bench.lathe(
      "plugins info test-plugin",
      environment: ["LD_LIBRARY_PATH": bench.folder.file("decoy"), "LATHE_PLUGIN_PATH": "."])
    #expect(elsewhere.output.contains(hash), "\(elsewhere.errors)")
  }
}
