import Foundation
import ModelIO
import TestSupport
import Testing

@Suite(.enabled(if: CCompiler.path != nil)) struct TrustTests {
  private let bench: CommandBench
  private let plugin: String
  private let hash: String

  init() throws {
    bench = try CommandBench(recipe: "{ strategy: 'test-plugin' }")
    plugin = try CCompiler.plugin("keeps_every_rule", into: bench.folder)
    hash = try SHA256.hex(ofFile: plugin)
  }

  private func lathe(_ line: String) throws -> ChildProcess {
    try bench.lathe(line, environment: ["XDG_CONFIG_HOME": bench.folder.file("config")])
  }

  private var compress: String {
    "compress --model model --recipe r.json5 --output out --force --plugin \(plugin)"
  }

  @Test("trust add, list and remove decide what compress loads")
  func trust() throws {
    #expect(try lathe("plugins trust list").output.contains("there is no list"))
    #expect(try lathe(compress).status == 0)
    let refused = try lathe("\(compress) --trusted-only")
    #expect(refused.status == 1 && refused.complaints.count == 1, "\(refused.errors)")
    for part in [hash, plugin, "config/lathe/trusted-plugins.json", "trust add"] {
      #expect(refused.complaints[0].contains(part), "\(refused.errors)")
    }
    #expect(try lathe("plugins trust add \(BuildFolder.plugin("Quantize"))").status == 0)
    #expect(try lathe(compress).status == 1)
    #expect(try lathe("plugins trust add \(plugin)").output.contains(hash))
    #expect(try lathe("plugins trust list").output.contains("\(hash)  keeps_every_rule.so"))
    #expect(try lathe("\(compress) --trusted-only").status == 0)
    #expect(try lathe("\(compress) --isolate").status == 0)
    #expect(try lathe("plugins trust remove \(hash)").status == 0)
    #expect(try lathe(compress).status == 1)
    #expect(try lathe("plugins trust remove \(hash)").complaints.first?.contains("does not hold") == true)
    let list = try JSON(parsing: lathe("plugins trust list --json").output)
    #expect(list["plugins"]?.arrayValue?.count == 1 && list["exists"] == .bool(true))
  }

  @Test(
    "wrong words after trust are wrong use",
    arguments: ["trust", "trust add", "trust forget x", "trust list x"])
  func usage(words: String) throws {
    #expect(try lathe("plugins \(words)").status == 2)
  }

  @Test("a pinned plugin runs, is recorded, and another one is refused with both hashes")
  func pin() throws {
    let recipe = { (hash: String) in
      "{ lathe: 1, stages: [{ strategy: 'test-plugin', plugin_sha256: '\(hash)' }] }"
    }
    try bench.folder.write(recipe(hash), to: "r.json5")
    #expect(try lathe(compress).status == 0)
    let record = try JSON(
      parsing: try #require(
        String(bytes: Data(contentsOf: URL(filePath: bench.folder.file("out/lathe.json"))), encoding: .utf8)))
    #expect(record["plugins"]?.arrayValue?.first?["sha256"] == .string(hash))
    #expect(record["plugins"]?.arrayValue?.first?["file"] == .string("keeps_every_rule.so"))
    #expect(record["recipe"]?["stages"]?.arrayValue?.first?["plugin_sha256"] == .string(hash))
    let other = String(repeating: "0", count: 64)
    try bench.folder.write(recipe(other), to: "r.json5")
    let refused = try lathe(compress)
    #expect(refused.status == 1, "\(refused.errors)")
    for part in [hash, other, plugin] {
      #expect(refused.complaints.first?.contains(part) == true, "\(refused.errors)")
    }
    try bench.folder.write(recipe("ABC"), to: "r.json5")
    #expect(try lathe(compress).complaints.first?.contains("stages.0.plugin_sha256") == true)
  }
}
