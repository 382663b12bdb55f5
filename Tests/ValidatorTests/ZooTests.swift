import Foundation
import ModelIO
import TestSupport
import Testing
import Validator

/// Plugins that break one rule each: what shows that a case can fail.
@Suite(.enabled(if: CCompiler.path != nil)) struct ZooTests {
  @Test("every case has a plugin that breaks its rule, and every such plugin has its case")
  func complete() throws {
    let cases = ValidationCase.all.map(\.name)
    #expect(Set(cases).count == cases.count)
    #expect(Set(Zoo.names) == Set(cases).union(["keeps-every-rule"]))
  }

  @Test("a plugin of the zoo fails in the case that it is named after", arguments: Zoo.quick)
  func own(name: String) throws {
    let found = try Zoo.flagged(name, ["--only", name])
    #expect(found.keys.sorted() == [name])
    #expect(found[name].map { !$0.isEmpty } ?? false)
  }

  @Test(
    "a plugin that acts on products of factors only fails in the case that it is named after",
    arguments: Zoo.products)
  func products(name: String) throws {
    let item = String(name.split(separator: "/").last ?? "")
    let cases = Zoo.products.compactMap { $0.split(separator: "/").last }.filter { $0 != "keeps-every-rule" }
    #expect(cases.count >= 4)
    let found = try Zoo.flagged(name, (cases + ["better-than-zero"]).flatMap { ["--only", String($0)] })
    #expect(found.keys.sorted() == (item == "keeps-every-rule" ? [] : [item]))
  }

  @Test(
    "the plugin that keeps every rule passes each case of some groups, and none is left out",
    arguments: ["keeps-every-rule", "products/keeps-every-rule"])
  func sound(name: String) throws {
    let groups = ["binary", "module", "descriptor", "graph", "statistics", "floating-point"]
    let run = try Zoo.run(name, groups.flatMap { ["--only", $0] })
    #expect(run.status == 0)
    #expect(run.lines.allSatisfy { $0.hasPrefix("PASS") }, "\(run.lines)")
    #expect(run.lines.count == ValidationCase.all.filter { groups.contains($0.group.rawValue) }.count)
  }

  @Test(
    "a plugin that breaks one rule passes the cases about others, or they do not apply",
    arguments: ["replaces-selected-only", "texts-are-utf8", "borrowed-not-kept", "writes-in-bounds"])
  func others(name: String) throws {
    let groups = ["module", "descriptor", "graph", "statistics", "memory"]
    let words = groups.flatMap { ["--only", $0] } + ["--skip", name, "--skip", "no-leak-after-errors"]
    #expect(try Zoo.flagged(name, words).keys.sorted() == [])
  }

  @Test("what a failing forecast said is in the failure")
  func forecast() throws {
    let found = try Zoo.flagged("forecast-answers", ["--only", "lifecycle"])
    #expect(found.keys.sorted() == ["forecast-answers"])
    #expect(found["forecast-answers"]?.contains("ranks are known after the measurements") ?? false)
  }

  @Test("a strategy that replaces nothing is warned about, in text and JSON, and passes")
  func vacuous() throws {
    let text = try Zoo.run("replaces-a-layer", ["--only", "numerics"])
    #expect(text.status == 0 && text.lines.filter { $0.hasPrefix("WARN") }.count == 1)
    let json = try Zoo.run("replaces-a-layer", ["--only", "replaces-a-layer", "--json"])
    #expect(json.status == 0 && json.output.contains("\"warn\""))
    #expect(json.output.contains("not exercised"))
  }

  @Test("a case in which no layer was replaced is skipped and says so; JSON counts the layers")
  func idle() throws {
    let groups = ["graph", "memory", "determinism", "floating-point"].flatMap { ["--only", $0] }
    let words = groups + ["--skip", "survives-failed-calls", "--skip", "survives-failed-allocations"]
    let idle = try Zoo.run("replaces-a-layer", words)
    #expect(idle.status == 0 && idle.lines.allSatisfy { $0.hasPrefix("SKIP") }, "\(idle.lines)")
    let busy = try Zoo.run("products/keeps-every-rule", ["--only", "odd-sizes", "--json"])
    let document = try JSON(parsing: busy.output)
    // 13 selected layers of the plain model, and as many of the odd one.
    #expect(document["cases"]?.arrayValue?.first?["replaced"]?.intValue == 26)
    #expect(document["layers"]?["zoo"]?.stringValue == "factored")
  }

  @Test("matrices of a header that did not know codebooks are taken")
  func olderMatrices() throws {
    let source = """
      #define ON_FORM \\
        p.low.struct_size = p.high.struct_size = (uint32_t)offsetof(lathe_matrix, codebook);
      #include "base.h"

      """
    #expect(try Zoo.flagged("older", source: source, ["--only", "graph"]).isEmpty)
  }

  @Test("an input that is scaled is made up for by the weights, or the outputs are worse than zeros")
  func scaledInputs() throws {
    for (divisor, isSound) in [("4", true), ("1", false)] {
      let found = try Zoo.flagged(
        "scales", source: Zoo.scaling(weightsBy: divisor), ["--only", "graph", "--only", "better-than-zero"])
      #expect(found.keys.sorted() == (isSound ? [] : ["better-than-zero"]), "\(found)")
    }
  }

  @Test("a crash, a hang and an exit become failures with a sentence", arguments: Zoo.ends)
  func ends(end: Zoo.End) throws {
    let found = try Zoo.flagged(end.name, source: end.source, ["--only", "completes-a-run", "--limit", "2"])
    #expect(found["completes-a-run"]?.contains(end.sentence) ?? false, "\(found)")
  }
}

enum Zoo {
  static let folder = Shared.packageRoot.appending(path: "Tests/Zoo")

  /// What a plugin does instead of compressing.
  struct End: Sendable {
    let name: String
    let body: String
    let sentence: String
    var source: String { "#define ON_COMPRESS \\\n  \(body)\n#include \"base.h\"\n" }
  }

  static let ends = [
    End(name: "crash", body: "raise(SIGSEGV);", sentence: "SIGSEGV"),
    End(name: "hang", body: "for (;;) usleep(1000);", sentence: "after 2 s"),
    End(name: "exit", body: "exit(7);", sentence: "exit status 7"),
  ]

  /// Divides the input of down projections by 1/4, and their weights by `divisor`: 4 makes up for it.
  static func scaling(weightsBy divisor: String) -> String {
    """
    #define ON_NODE \\
      if (place->role == LATHE_ROLE_DOWN) { \\
        lathe_tensor *scales = NULL; \\
        const int64_t width[1] = {place->in_features}; \\
        if (host->new_tensor(host, f32, 1, width, &scales) != LATHE_OK) \\
          return FAILED(LATHE_ERR_NO_MEMORY, "no memory for scales"); \\
        for (int64_t j = 0; j < width[0]; j++) ((float *)scales->data)[j] = 0.25f; \\
        const lathe_status scaled = graph->scale_input(host, node, scales); \\
        drop(scales); \\
        if (scaled != LATHE_OK) return FAILED(scaled, "an input could not be scaled"); \\
      }
    #define ON_FACTORS \\
      if (place->role == LATHE_ROLE_DOWN) \\
        for (int64_t i = 0; i < place->out_features * rank; i++) a[i] *= 1.0f / (\(divisor));
    #include "base.h"

    """
  }

  /// The plugins by name.
  static var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".c") }.map { String($0.dropLast(2)) }.sorted()
  }

  /// Plugins that act on products of factors only, with their folder.
  static var products: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/products")) ?? []
    return files.filter { $0.hasSuffix(".c") }.map { "products/\($0.dropLast(2))" }.sorted()
  }

  /// Those whose own case takes no more than a second. `scripts/zoo.sh` runs all of them, against all cases.
  static let quick = names.filter { name in
    ![
      "keeps-every-rule", "runs-leak-no-memory", "destroy-frees-the-instance", "no-leak-after-errors",
      "statuses-are-known", "failures-are-explained", "loads-quickly", "fuzz-parameters",
      "runs-share-nothing",
      "survives-failed-calls", "survives-failed-allocations", "same-bytes-in-another-process",
    ].contains(name)
  }

  /// Compiles and validates a plugin; the words of each line of the table.
  static func run(
    _ name: String, source: String? = nil, _ words: [String]
  ) throws -> (status: Int32, lines: [String], output: String) {
    let run = try process(name, source: source, words)
    let verdicts = ["PASS", "FAIL", "WARN", "SKIP"]
    let lines = run.output.split(separator: "\n").map(String.init)
    return (run.status, lines.filter { line in verdicts.contains { line.hasPrefix($0) } }, run.output)
  }

  static func process(_ name: String, source: String? = nil, _ words: [String]) throws -> ChildProcess {
    let library = try library(name, source: source)
    return try ChildProcess.run(BuildFolder.lathe, ["plugins", "validate", library.path] + words)
  }

  /// The failures and warnings, by case.
  static func flagged(_ name: String, source: String? = nil, _ words: [String]) throws -> [String: String] {
    let run = try run(name, source: source, words)
    var found: [String: String] = [:]
    for line in run.lines where line.hasPrefix("FAIL") || line.hasPrefix("WARN") {
      let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
      found[String(parts[2])] = parts.count > 3 ? String(parts[3]) : ""
    }
    // Exit status 3 says that a case failed.
    #expect((run.status == 3) == run.lines.contains { $0.hasPrefix("FAIL") }, "status \(run.status)")
    return found
  }

  private static func library(_ name: String, source: String?) throws -> Library {
    let folder = TestFolder()
    let flags =
      try source == nil
      ? String(contentsOf: Self.folder.appending(path: "\(name).c"), encoding: .utf8).split(separator: "\n")
        .first { $0.hasPrefix("/* flags: ") }.map {
          $0.split(separator: " ").dropFirst(2).dropLast().map(String.init)
        }
        ?? [] : []
    let file = try source.map { try folder.write("#include <signal.h>\n" + $0, to: "\(name).c") }
    let path = try CCompiler.zoo(
      file ?? Self.folder.appending(path: "\(name).c").path, into: folder.file("plugin.so"), flags: flags)
    return Library(folder: folder, path: path)
  }

  /// A library, there as long as its folder.
  private struct Library {
    let folder: TestFolder
    let path: String
  }
}
