import Foundation
import Graph
import ModelIO
import PluginHost
import Tensors
import TestSupport
import Testing

/// Plugins that were built for ABI 1.0 when it was released, as files (Tests/Golden/make_plugins.sh), and plugins of
/// a future that this host does not know.
@Suite struct CompatibilityTests {
  private static var isBuilt: Bool { !ReleasedPlugins.names.isEmpty }
  private static let skipped: Comment = "no plugins of ABI 1.0 are kept for this processor"

  @Test("a plugin built for ABI 1.0 loads and works", .enabled(if: isBuilt, skipped))
  func releasedPlugins() throws {
    let names = ReleasedPlugins.names
    let kept = ["asvd", "every_service", "fwsvd", "keeps_every_rule", "round_bits", "wanda"]
    #expect(names == kept.map { "\($0).so" })
    for name in names {
      let library = try PluginLibrary(path: ReleasedPlugins.path(name))
      #expect(library.abi == "1.0" && library.strategies.count == 1 && library.warnings == [])
    }
    var bench = try PluginBench()
    bench.environment.budget = 1 << 20
    for name in ["keeps_every_rule.so", "round_bits.so"] {
      let instance = try bench.instance(PluginLibrary(path: ReleasedPlugins.path(name)))
      _ = try instance.plan(bench.environment, bench.snapshot)
      let changes = try instance.compress(block: 0, bench.environment, bench.snapshot, nil)
      #expect(changes.linears.count == (name == "round_bits.so" ? 7 : 1), "\(name)")
    }
  }

  @Test(
    "a released binary and the same source built today give the same results through every table of ABI 1.0",
    .enabled(if: isBuilt, skipped), .enabled(if: CCompiler.path != nil))
  func everyService() throws {
    var bench = try PluginBench()
    bench.environment.budget = 12345
    let grams = FixedGrams(bench.model)
    let libraries = [
      try PluginLibrary(path: ReleasedPlugins.path("every_service.so")), try bench.library("every_service"),
    ]
    let results = try libraries.map { library -> [String] in
      let instance = try bench.instance(library, ["amount": 2])
      #expect(try instance.plan(bench.environment, bench.snapshot).count == 14)
      return try instance.compress(block: 1, bench.environment, bench.snapshot, grams)
        .linears.sorted { $0.key < $1.key }.flatMap {
          $0.value.storedTensors.map { SHA256.hex(of: $0.tensor) }
        }
    }
    #expect(results[0] == results[1] && results[0].count == 7)
  }

  @Test(
    "a plugin built for a later minor version with larger tables works where it can live with this host",
    .enabled(if: CCompiler.path != nil))
  func newerPlugin() throws {
    let bench = try PluginBench()
    let library = try bench.library("newer_plugin")
    #expect(library.abi == "1.7")
    #expect(try bench.compress("newer_plugin").keys.sorted() == [0])
  }

  @Test(
    "a plugin that needs a later host is refused with both versions and a remedy",
    .enabled(if: CCompiler.path != nil))
  func needsNewerHost() throws {
    let bench = try PluginBench()
    let text = complaint { try bench.library("newer_minor") } ?? ""
    for part in ["newer_minor.so", "needs host ABI 1.1", "this host has 1.0", "update Lathe"] {
      #expect(text.contains(part), "\(text)")
    }
  }
}
